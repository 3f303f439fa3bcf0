/**
 * Finds out which servers work, and tells the balancer.
 *
 * <p>Start at {@link io.evenkeel.health.HealthMonitor}. A {@link io.evenkeel.health.Probe} asks one
 * server once, {@link io.evenkeel.health.Probes} has the ready-made ones, and a {@link
 * io.evenkeel.health.HealthPolicy} says how often to ask and how many answers make a verdict.
 *
 * <p>What a server's own traffic says is heard by {@link io.evenkeel.health.OutlierDetector}, which
 * takes out those that are worse than others, and by {@link io.evenkeel.health.CircuitBreakers},
 * which refuse those that fail; a {@link io.evenkeel.health.CircuitBreaker} goes around any call.
 */
@NullMarked
package io.evenkeel.health;

import org.jspecify.annotations.NullMarked;
