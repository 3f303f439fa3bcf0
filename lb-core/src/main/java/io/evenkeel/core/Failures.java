package io.evenkeel.core;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** What is done with the exceptions of users' code. */
final class Failures {

  private static final int UNWRAPPED_AT_MOST = 8;

  /** An exception that users keep and throw again and again must not collect others forever. */
  private static final int SUPPRESSED_AT_MOST = 16;

  /** How many causes and suppressed ones are looked at; who has more may make them up. */
  private static final int WALKED_AT_MOST = 1_000;

  private Failures() {}

  /** The failure itself, without the envelope in which futures hand it on. */
  static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    for (int i = 0; i < UNWRAPPED_AT_MOST; i++) {
      if (!(inner instanceof CompletionException || inner instanceof ExecutionException)) {
        break;
      }
      Throwable cause = causeOf(inner);
      if (cause == null) {
        break;
      }
      inner = cause;
    }
    return inner;
  }

  /** The cause, or null where there is none to be had: it may be a user's code that says it. */
  static @Nullable Throwable causeOf(Throwable failure) {
    try {
      return failure.getCause();
    } catch (Throwable e) {
      return null;
    }
  }

  /**
   * Hangs earlier failures on the one that is thrown: each once, none on itself, no circle of
   * causes and suppressed ones, however long.
   */
  static void suppress(Throwable failure, List<Throwable> earlier) {
    for (Throwable other : earlier) {
      if (failure.getSuppressed().length >= SUPPRESSED_AT_MOST) {
        return;
      }
      if (!reaches(failure, other) && !reaches(other, failure)) {
        failure.addSuppressed(other);
      }
    }
  }

  /** Whether one is the other, or is to be found in it; also if there is too much to look at. */
  private static boolean reaches(Throwable from, Throwable to) {
    if (from == to) {
      return true;
    }
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Throwable> open = new ArrayDeque<>();
    open.add(from);
    while (!open.isEmpty()) {
      Throwable next = open.remove();
      if (next == to || seen.size() == WALKED_AT_MOST) {
        return true;
      }
      if (seen.add(next)) {
        Throwable cause = causeOf(next);
        if (cause != null) {
          open.add(cause);
        }
        Collections.addAll(open, next.getSuppressed());
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
