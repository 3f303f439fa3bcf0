package io.evenkeel.proxy;

import java.time.Duration;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What a {@link TcpProxy} has done so far and how it stands. Immutable. Counts are since the start.
 *
 * <p>Of one loop all is of one moment; loops are asked one after the other. So {@code accepted} is
 * always the sum of {@code open} and of all that ended.
 *
 * <p>Made by the proxy: further components may be added in any release.
 *
 * @param accepted clients that were taken in
 * @param open clients that are connected now, whether or not their server is connected yet
 * @param waiting those of them that wait for room on a server now
 * @param ended those that are not, by how it ended; every reason is there
 * @param warm warm connections that a client was given, those too that turned out to be gone before
 *     the first byte
 * @param bytesFromClients what clients sent, as far as it was read
 * @param bytesFromServers what servers sent, as far as it was read
 * @param waitTime how long clients waited for room on a server, of those that got it
 * @param connectTime from the beginning of a connect to a server until it is connected, of those
 *     that were; zero for a warm connection
 * @param firstByteTime from then until the first byte of the server; that may wait for what the
 *     client has to say
 * @param duration from a client's being taken in to its end, of those that were connected to a
 *     server
 * @param servers by id: every server that a client was sent to, until it leaves the balancer and
 *     its last relay has ended
 */
public record ProxyStats(
    long accepted,
    int open,
    int waiting,
    Map<EndReason, Long> ended,
    long warm,
    long bytesFromClients,
    long bytesFromServers,
    Times waitTime,
    Times connectTime,
    Times firstByteTime,
    Times duration,
    Map<String, ServerTraffic> servers) {

  /** Clients that were turned away, for any reason. */
  public long refused() {
    return ended.entrySet().stream()
        .filter(entry -> entry.getKey().isRefusal())
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  /**
   * One server.
   *
   * @param open clients that were sent to it and are there now, connected to it or not yet
   * @param connected connections to it that clients were given
   * @param warm those of them that were warm, as of the whole proxy
   * @param connectFailures connections to it that did not
   * @param bytesFromClients what its clients sent, as far as it was read
   * @param bytesFromServer what it sent, as far as it was read
   * @param connectTime as of the whole proxy; at most 7 % too long
   * @param firstByteTime as of the whole proxy; at most 7 % too long
   * @param duration as of the whole proxy; at most 7 % too long
   */
  public record ServerTraffic(
      int open,
      long connected,
      long warm,
      long connectFailures,
      long bytesFromClients,
      long bytesFromServer,
      Times connectTime,
      Times firstByteTime,
      Times duration) {}

  /**
   * How long something took. Counts and totals are since the start, the percentiles of the last one
   * to two minutes, by HdrHistogram; a value is at most 1 % (or 1 µs) above the true one. A time
   * begins and ends with the loop's clock, which is read once a turn.
   *
   * @param count how often
   * @param total all times added up
   * @param recentCount how many the following are made of; if none, they are zero
   * @param p50 half of them took at most this long
   * @param p90 90 % of them took at most this long
   * @param p95 95 % of them took at most this long
   * @param p99 99 % of them took at most this long
   * @param max all of them took at most this long
   */
  public record Times(
      long count,
      Duration total,
      long recentCount,
      Duration p50,
      Duration p90,
      Duration p95,
      Duration p99,
      Duration max) {

    static Times of(long count, long totalNanos, Histogram recent) {
      return new Times(
          count,
          Duration.ofNanos(totalNanos),
          recent.getTotalCount(),
          percentile(recent, 50),
          percentile(recent, 90),
          percentile(recent, 95),
          percentile(recent, 99),
          percentile(recent, 100));
    }

    private static Duration percentile(Histogram histogram, double percentile) {
      return histogram.getTotalCount() == 0
          ? Duration.ZERO
          : Duration.ofNanos(histogram.getValueAtPercentile(percentile));
    }
  }
}
