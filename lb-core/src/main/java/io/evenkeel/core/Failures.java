package io.evenkeel.core;

import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What is done with the exceptions of users' code. */
final class Failures {

  private static final int UNWRAPPED_AT_MOST = 8;

  /** An exception that users keep and throw again and again must not collect others forever. */
  private static final int SUPPRESSED_AT_MOST = 16;

  private Failures() {}

  /** The failure itself, without the envelope in which futures hand it on. */
  static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    for (int i = 0; i < UNWRAPPED_AT_MOST; i++) {
      Throwable cause = inner.getCause();
      if (cause == null
          || !(inner instanceof CompletionException || inner instanceof ExecutionException)) {
        break;
      }
      inner = cause;
    }
    return inner;
  }

  /** Hangs earlier failures on the one that is thrown: each once, none on itself, no circle. */
  static void suppress(Throwable failure, List<Throwable> earlier) {
    for (Throwable other : earlier) {
      Throwable[] there = failure.getSuppressed();
      if (other != failure
          && other != failure.getCause()
          && there.length < SUPPRESSED_AT_MOST
          && !contains(there, other)
          && !contains(other.getSuppressed(), failure)) {
        failure.addSuppressed(other);
      }
    }
  }

  private static boolean contains(Throwable[] all, Throwable one) {
    for (Throwable other : all) {
      if (other == one) {
        return true;
      }
    }
    return false;
  }

  /** Throws what its caller knows to be unchecked or an X. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  static <X extends Throwable> X rethrow(Throwable failure) throws X {
    throw (X) failure;
  }
}
