package io.evenkeel.health;

import java.util.List;

/**
 * What a health monitor has done and how its servers stand: see {@link HealthMonitor#stats()}.
 * Immutable. The counts are since the monitor was started.
 *
 * <p>Made by the monitor: further components may be added in any release.
 *
 * @param checks checks that have ended, of servers that have left, too
 * @param failures how many of them failed
 * @param inconclusive how many of them came to nothing for a reason of our own
 * @param inFlight checks under way
 * @param waiting servers whose check is due and waits, since as many are under way as may be
 * @param servers each server, in no order
 */
public record HealthStats(
    long checks,
    long failures,
    long inconclusive,
    int inFlight,
    int waiting,
    List<ServerHealth> servers) {

  /** How many of the servers are thought of so. */
  public long count(ServerHealth.Status status) {
    return servers.stream().filter(server -> server.status() == status).count();
  }
}
