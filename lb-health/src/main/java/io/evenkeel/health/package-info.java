/**
 * Finds out which servers work, and tells the balancer.
 *
 * <p>Start at {@link io.evenkeel.health.HealthMonitor}. A {@link io.evenkeel.health.Probe} asks one
 * server once, {@link io.evenkeel.health.Probes} has the ready-made ones, and a {@link
 * io.evenkeel.health.HealthPolicy} says how often to ask and how many answers make a verdict.
 */
@NullMarked
package io.evenkeel.health;

import org.jspecify.annotations.NullMarked;
