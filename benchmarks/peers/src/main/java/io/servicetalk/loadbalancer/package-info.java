/** What of ServiceTalk's own package is not public. */
@NullMarked
package io.servicetalk.loadbalancer;

import org.jspecify.annotations.NullMarked;
