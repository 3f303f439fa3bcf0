package io.evenkeel.pool;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a pool has done and how it stands. Immutable; taken while the pool works on, so that figures
 * of one moment may be a few uses apart.
 *
 * <p>Made by the pool: further components may be added in any release.
 *
 * @param servers one for each server that has, or lately had, connections or somebody who waits; a
 *     server that is forgotten (it has left, or nobody has wanted anything of it for the idle
 *     timeout) is counted anew when it comes back
 */
public record PoolStats(List<OfServer> servers) {

  /**
   * One server's connections.
   *
   * @param serverId whose
   * @param idle ready to be used
   * @param active in use
   * @param waiting how many wait for one
   * @param connecting how many are being made
   * @param uses how often one was taken
   * @param created how many were made
   * @param connectFailures how many could not be made
   * @param leaks how many uses were reported by {@link PoolPolicy.Builder#leakThreshold}
   * @param detached how many left the pool by {@link Pooled#detach}
   * @param closed how many were closed, by reason; every reason is there
   * @param waits how long those who got one had waited, most of them not at all; null if nobody has
   * @param useTimes how long uses took; null unless {@link PoolPolicy.Builder#recordUseTimes} is
   *     set and one has ended
   */
  public record OfServer(
      String serverId,
      int idle,
      int active,
      int waiting,
      int connecting,
      long uses,
      long created,
      long connectFailures,
      long leaks,
      long detached,
      Map<CloseReason, Long> closed,
      @Nullable Times waits,
      @Nullable Times useTimes) {}

  /**
   * Times since the server was first used. Each is at most 1 % (or 1 µs) above the true one. By
   * HdrHistogram.
   *
   * @param count how many there were; above 0
   * @param p50 half of them were at most this long
   * @param p90 90 % of them were at most this long
   * @param p95 95 % of them were at most this long
   * @param p99 99 % of them were at most this long
   * @param max all of them were at most this long
   */
  public record Times(
      long count, Duration p50, Duration p90, Duration p95, Duration p99, Duration max) {}

  /** One server's; null if it is not there. O(servers). */
  public @Nullable OfServer of(String serverId) {
    return servers.stream().filter(s -> s.serverId().equals(serverId)).findFirst().orElse(null);
  }

  /** Connections ready to be used, of all servers. */
  public int idle() {
    return servers.stream().mapToInt(OfServer::idle).sum();
  }

  /** Connections in use, of all servers. */
  public int active() {
    return servers.stream().mapToInt(OfServer::active).sum();
  }

  /** How many wait for a connection, to any server. */
  public int waiting() {
    return servers.stream().mapToInt(OfServer::waiting).sum();
  }
}
