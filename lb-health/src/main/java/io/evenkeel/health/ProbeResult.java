package io.evenkeel.health;

import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How one check went. An immutable value. */
public final class ProbeResult {

  /** A cause is one line in a log; a server may have written it. */
  private static final int LONGEST_CAUSE = 200;

  private enum Kind {
    SUCCESS,
    FAILURE,
    INCONCLUSIVE
  }

  private static final ProbeResult SUCCESS = new ProbeResult(Kind.SUCCESS, null);

  private final Kind kind;
  private final @Nullable String cause;

  private ProbeResult(Kind kind, @Nullable String cause) {
    this.kind = kind;
    this.cause = cause;
  }

  /** The server works. */
  public static ProbeResult success() {
    return SUCCESS;
  }

  /**
   * The server does not work.
   *
   * @param cause why, in a few words for people, as {@code "connection refused"}; control
   *     characters become spaces, and what is longer than 200 characters is cut
   */
  public static ProbeResult failure(String cause) {
    return new ProbeResult(Kind.FAILURE, line(cause));
  }

  /**
   * The check could not be made, for a reason of our own, as when no descriptor is left. It counts
   * for nothing: a server that works must not be taken out because its checker does not.
   *
   * @param cause why, as for {@link #failure}
   */
  public static ProbeResult inconclusive(String cause) {
    return new ProbeResult(Kind.INCONCLUSIVE, line(cause));
  }

  private static String line(String cause) {
    Objects.requireNonNull(cause, "cause");
    String line = cause.replaceAll("\\p{Cntrl}+", " ").strip();
    return line.length() <= LONGEST_CAUSE ? line : line.substring(0, LONGEST_CAUSE - 1) + "…";
  }

  /** A failure by exception. */
  static ProbeResult failure(Throwable e) {
    String message = e.getMessage();
    String type = e.getClass().getSimpleName();
    return failure(message == null ? type : type + ": " + message);
  }

  /** Whether the server works. */
  public boolean isSuccess() {
    return kind == Kind.SUCCESS;
  }

  /** Whether the result says nothing about the server. */
  public boolean isInconclusive() {
    return kind == Kind.INCONCLUSIVE;
  }

  /** Why it does not work, or the check does not; null for a success. */
  public @Nullable String cause() {
    return cause;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ProbeResult that
        && kind == that.kind
        && Objects.equals(cause, that.cause);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(cause);
  }

  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT) + (cause == null ? "" : ": " + cause);
  }
}
