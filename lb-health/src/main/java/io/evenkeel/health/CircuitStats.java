package io.evenkeel.health;

import java.time.Duration;

/**
 * How a circuit stands at one moment. Immutable.
 *
 * <p>Made by the breaker: further components may be added in any release.
 *
 * @param status whether it lets calls through
 * @param age how long it has had this status
 * @param timesOpened how often it opened since it was closed last; 0 while closed
 * @param retryAfter how long until trials; zero where it is not open
 * @param freeTrials trials that may still be taken; 0 where it is not half-open
 * @param cause what led to this status, in a few words, for people; empty if it was so from the
 *     beginning
 */
public record CircuitStats(
    CircuitBreaker.Status status,
    Duration age,
    int timesOpened,
    Duration retryAfter,
    int freeTrials,
    String cause) {}
