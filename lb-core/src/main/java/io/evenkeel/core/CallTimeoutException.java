package io.evenkeel.core;

import java.util.concurrent.TimeoutException;

/**
 * A {@link LoadBalancer#call} was cut off at its {@linkplain CallPolicy.Builder#deadline deadline}.
 * Its cause is a {@link TimeoutException}; failures of attempts before are suppressed in it.
 */
public final class CallTimeoutException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  CallTimeoutException(TimeoutException cause) {
    super(cause.getMessage(), cause);
  }
}
