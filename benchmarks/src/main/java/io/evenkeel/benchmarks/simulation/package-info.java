/**
 * What the selectors do with servers that queue, slow down, fail, hang and restart: a
 * discrete-event simulation that drives the real {@link io.evenkeel.core.LoadBalancer} on a virtual
 * clock. Begin reading at {@code Run}, then {@code Client} and {@code SimulatedServer}; what is
 * simulated is in {@code Scenarios}.
 *
 * <p>One run is one thread. Everything in it follows from the seed: the same seed gives the same
 * bytes.
 */
@NullMarked
package io.evenkeel.benchmarks.simulation;

import org.jspecify.annotations.NullMarked;
