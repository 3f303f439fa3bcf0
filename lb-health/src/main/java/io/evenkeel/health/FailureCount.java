package io.evenkeel.health;

import io.evenkeel.core.FailureKind;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which failures count against a server. */
final class FailureCount {

  /** All but what the caller did itself. */
  static final Predicate<Throwable> BY_DEFAULT =
      cause -> FailureKind.of(cause) != FailureKind.CANCELLED;

  private static final Logger log = LoggerFactory.getLogger(FailureCount.class);

  private FailureCount() {}

  /** What a user's predicate says; a failure counts if that throws. */
  static boolean counts(Predicate<? super Throwable> predicate, Throwable cause) {
    try {
      return predicate.test(cause);
    } catch (RuntimeException | Error e) {
      log.debug("countsAsFailure threw", e);
      return true;
    }
  }

  /** For logs, in a line: whatever a user's exception does when it is asked, and says. */
  static String text(Throwable cause) {
    try {
      return ProbeResult.line(cause.toString());
    } catch (RuntimeException | Error e) {
      return cause.getClass().getName();
    }
  }
}
