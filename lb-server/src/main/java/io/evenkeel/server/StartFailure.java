package io.evenkeel.server;

/**
 * What was asked for is understood, and cannot be had: exit code 1. The message names the option,
 * or the file and the place in it; a line for each problem.
 */
final class StartFailure extends Exception {

  private static final long serialVersionUID = 1L;

  StartFailure(String message) {
    super(message);
  }

  StartFailure(String message, Throwable cause) {
    super(message, cause);
  }
}
