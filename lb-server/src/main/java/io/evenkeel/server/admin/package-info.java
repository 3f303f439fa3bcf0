/** Balancers and listeners to be watched and changed: the admin API, the dashboard, the metrics. */
@NullMarked
package io.evenkeel.server.admin;

import org.jspecify.annotations.NullMarked;
