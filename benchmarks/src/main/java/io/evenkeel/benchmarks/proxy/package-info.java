/** The proxy beside HAProxy and nginx: what a request, a MiB and an idle relay cost. */
@NullMarked
package io.evenkeel.benchmarks.proxy;

import org.jspecify.annotations.NullMarked;
