/** What a balancer is to be: config files, read, checked, described and written. */
@NullMarked
package io.evenkeel.server.config;

import org.jspecify.annotations.NullMarked;
