package io.evenkeel.health;

import java.time.Duration;

/** A call was refused, since the circuit is open, or half-open with all its trials under way. */
public final class CircuitOpenException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  CircuitOpenException(String name, Duration retryAfter) {
    super(
        retryAfter.isZero()
            ? "circuit '" + name + "' is half-open: its trials are under way"
            : "circuit '" + name + "' is open: tries again in " + Require.text(retryAfter));
    this.retryAfter = retryAfter;
  }

  /** How long until calls are let through on trial; zero if those are under way. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
