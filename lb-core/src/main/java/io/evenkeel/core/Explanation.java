package io.evenkeel.core;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which server a pick would get now, and why not the others: see {@link LoadBalancer#explain}.
 * Immutable.
 *
 * @param next whom a pick would get, if nobody picked before it; null if there is none, or if that
 *     is left to chance, to the load or to what the selector does not tell
 * @param servers how each member stands, in the order in which they were added
 */
public record Explanation(@Nullable Server next, List<Standing> servers) {

  /**
   * How a member stands.
   *
   * <p>Further ones may be added in any release: a {@code switch} over them needs a default.
   */
  public enum Verdict {
    /** A pick would get this one. */
    NEXT,
    /** A pick may get this one; which, the selector decides. */
    POSSIBLE,
    /** Somebody or something blocks it. */
    BLOCKED,
    /** Its weight is 0. */
    WEIGHT_ZERO,
    /** The query says that it was tried. */
    TRIED,
    /** It has as many leases as it may have, or a {@linkplain Gate gate} that is shut. */
    AT_LIMIT,
    /** It is a backup, and its time has not come. */
    LATER_TIER
  }

  /**
   * One member.
   *
   * @param reason more about it, in a few words, for people; may be empty
   */
  public record Standing(Server server, Verdict verdict, String reason) {

    @Override
    public String toString() {
      return server + ": " + verdict + (reason.isEmpty() ? "" : ", " + reason);
    }
  }

  /** Immutable, whatever list that is. */
  public Explanation {
    servers = List.copyOf(servers);
  }

  /** Whether a pick would get any. */
  public boolean isAnyAvailable() {
    return servers.stream().anyMatch(Explanation::isAvailable);
  }

  private static boolean isAvailable(Standing standing) {
    return standing.verdict == Verdict.NEXT || standing.verdict == Verdict.POSSIBLE;
  }

  /** Several lines: the answer, then each member. */
  @Override
  public String toString() {
    long available = servers.stream().filter(Explanation::isAvailable).count();
    String answer =
        next != null
            ? next.toString()
            : available == 0 ? "none is available" : "the selector decides, of " + available;
    return servers.stream()
        .map(standing -> "\n  " + standing)
        .collect(Collectors.joining("", "next: " + answer, ""));
  }
}
