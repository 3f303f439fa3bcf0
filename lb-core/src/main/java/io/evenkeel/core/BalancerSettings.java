package io.evenkeel.core;

import java.time.Duration;

/**
 * By what a balancer picks now: see {@link LoadBalancer#settings()}. Immutable.
 *
 * <p>Made by the balancer: further components may be added in any release.
 *
 * @param selector how it picks; {@link Selectors#describe} gives its name and options
 * @param maxConcurrent how many leases a server may have at a time that says nothing itself; {@link
 *     Integer#MAX_VALUE} for no limit
 * @param panicThreshold below which share of healthy servers health is not asked; 0 for never
 * @param slowStartWindow how long a server takes to get up to its weight; {@link Duration#ZERO} for
 *     no slow start
 * @param slowStartAggression how it grows meanwhile; 1 for evenly
 */
public record BalancerSettings(
    Selector.Factory selector,
    int maxConcurrent,
    double panicThreshold,
    Duration slowStartWindow,
    double slowStartAggression) {}
