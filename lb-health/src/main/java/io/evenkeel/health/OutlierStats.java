package io.evenkeel.health;

import java.time.Duration;
import java.util.Map;

/**
 * How ejection stands at one moment. Immutable.
 *
 * <p>Made by the detector: further components may be added in any release.
 *
 * @param ejected how many members are out
 * @param mayBeEjected how many may be
 * @param ejections how often one was ejected
 * @param overLimit how often one was not ejected, only because as many as may be were out
 * @param servers each member by its id, in the order of the members
 */
public record OutlierStats(
    int ejected, int mayBeEjected, long ejections, long overLimit, Map<String, Standing> servers) {

  /**
   * One server.
   *
   * @param ejected whether it is out
   * @param age how long it has been out, or in use
   * @param times how often it was ejected, less what its time in use had taken off by its last
   *     ejection
   * @param returnsIn how long it stays out; zero if it is in use
   * @param cause what led to its last ejection, in a few words, for people; empty if there was none
   */
  public record Standing(
      boolean ejected, Duration age, int times, Duration returnsIn, String cause) {}
}
