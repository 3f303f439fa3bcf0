package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.time.Duration;
import java.util.List;

/**
 * How one server stands with its health monitor, as of the moment it was asked for. Immutable.
 *
 * <p>Made by the monitor: further components may be added in any release.
 *
 * @param server who it is
 * @param status what is thought of it
 * @param age how long that has been so
 * @param inARow how many results of the kind of the last one came last, that one included; 0 before
 *     the first; inconclusive ones do not count
 * @param weightPercent the share of its weight that it asked for last, 1 to 100; 100 unless its
 *     checks say otherwise
 * @param checks how many checks of it have ended, at its present address
 * @param failures how many of them failed
 * @param last the last checks, the latest first; {@value #REMEMBERED} at most
 */
public record ServerHealth(
    Server server,
    Status status,
    Duration age,
    int inARow,
    int weightPercent,
    long checks,
    long failures,
    List<Check> last) {

  static final int REMEMBERED = 5;

  /** What is thought of a server. */
  public enum Status {
    /** Not checked yet; it may be picked. */
    UNKNOWN,
    /** It may be picked, as far as its checks go. */
    UP,
    /** Blocked as {@link io.evenkeel.core.Block#PROBE_DOWN}. */
    DOWN
  }

  /**
   * One check.
   *
   * @param result how it went
   * @param took from its start to its result
   * @param age how long ago the result was there
   */
  public record Check(ProbeResult result, Duration took, Duration age) {}
}
