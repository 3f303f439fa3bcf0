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

  private static final ProbeResult SUCCESS = new ProbeResult(Kind.SUCCESS, null, 100, false);

  private final Kind kind;
  private final @Nullable String cause;
  private final int weightPercent;
  private final boolean decisive;

  private ProbeResult(Kind kind, @Nullable String cause, int weightPercent, boolean decisive) {
    this.kind = kind;
    this.cause = cause;
    this.weightPercent = weightPercent;
    this.decisive = decisive;
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
    return new ProbeResult(Kind.FAILURE, line(cause), 100, false);
  }

  /**
   * The check could not be made, for a reason of our own, as when no descriptor is left. It counts
   * for nothing: a server that works must not be taken out because its checker does not.
   *
   * @param cause why, as for {@link #failure}
   */
  public static ProbeResult inconclusive(String cause) {
    return new ProbeResult(Kind.INCONCLUSIVE, line(cause), 100, false);
  }

  /**
   * This success, of a server that wants only a share of its weight until a later check says
   * otherwise. It tells for selectors that look at weights; one that does not goes on as before.
   *
   * @param percent 1 to 100; 100 by default
   * @throws IllegalArgumentException if it is out of range
   * @throws IllegalStateException if this is no success
   */
  public ProbeResult withWeight(int percent) {
    if (percent < 1 || percent > 100) {
      throw new IllegalArgumentException("percent: " + percent + " (expected: 1 to 100)");
    }
    if (!isSuccess()) {
      throw new IllegalStateException("weight: of " + this + " (expected: of a success)");
    }
    return new ProbeResult(kind, cause, percent, decisive);
  }

  /**
   * This result, which decides by itself, however few there are of its kind in a row: for what the
   * server says of itself, as an agent does. Nothing changes for an inconclusive one.
   */
  public ProbeResult decisive() {
    return isInconclusive() ? this : new ProbeResult(kind, cause, weightPercent, true);
  }

  /** What others have said, as a part of a log's line. */
  static String line(String cause) {
    Objects.requireNonNull(cause, "cause");
    String line = cause.replaceAll("\\p{Cc}+", " ").strip();
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

  /** Whether it decides by itself: {@link #decisive()}. */
  public boolean isDecisive() {
    return decisive;
  }

  /** The share of its weight that the server wants, 1 to 100; 100 unless it said otherwise. */
  public int weightPercent() {
    return weightPercent;
  }

  /** Why it does not work, or the check does not; null for a success. */
  public @Nullable String cause() {
    return cause;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ProbeResult that
        && kind == that.kind
        && Objects.equals(cause, that.cause)
        && weightPercent == that.weightPercent
        && decisive == that.decisive;
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, cause, weightPercent, decisive);
  }

  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT)
        + (cause == null ? "" : ": " + cause)
        + (weightPercent == 100 ? "" : ", " + weightPercent + " % of its weight");
  }
}
