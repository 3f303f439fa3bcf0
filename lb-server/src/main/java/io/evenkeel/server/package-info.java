/** The balancer as a program. */
@NullMarked
package io.evenkeel.server;

import org.jspecify.annotations.NullMarked;
