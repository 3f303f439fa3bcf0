package io.evenkeel.server.admin;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line in the log, every so often, for those who have no metrics system:
 *
 * <pre>{@code
 * last 60 s: 1,234 connections (20.6/s), 15 open, 3 errors (0.2 %), 1.2 MB in, 56.3 MB out, first
 * byte p99 12 ms, servers 9 of 10
 * }</pre>
 *
 * <p>Safe for use by any thread.
 */
public final class Summary implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Summary.class);

  private final Inventory inventory;
  private final Consumer<String> lines;
  private final @Nullable ScheduledExecutorService thread;

  /** Written and read by the thread alone. */
  private Reading before;

  private Summary(
      Inventory inventory, Consumer<String> lines, @Nullable ScheduledExecutorService thread) {
    this.inventory = inventory;
    this.lines = lines;
    this.thread = thread;
    this.before = Reading.of(inventory);
  }

  /** For tests: says a line when told to. */
  static Summary of(Inventory inventory, Consumer<String> lines) {
    return new Summary(inventory, lines, null);
  }

  /**
   * Logs a line at INFO every so often from now on, on a daemon thread of its own, {@code
   * evenkeel-summary}.
   *
   * @param every how often; 1 ms or more
   * @throws IllegalArgumentException if it is less
   */
  public static Summary start(Inventory inventory, Duration every) {
    Objects.requireNonNull(inventory, "inventory");
    if (every.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException("every: " + every + " (expected: >= 1 ms)");
    }
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread made = new Thread(task, "evenkeel-summary");
              made.setDaemon(true);
              return made;
            });
    Summary summary = new Summary(inventory, log::info, thread);
    long millis = every.toMillis();
    var unused =
        thread.scheduleAtFixedRate(summary::sayQuietly, millis, millis, TimeUnit.MILLISECONDS);
    return summary;
  }

  private void sayQuietly() {
    try {
      say();
    } catch (RuntimeException e) { // or there would be no further line
      log.warn("no summary this time", e);
    }
  }

  /** Says what happened since the last line. */
  void say() {
    Reading now = Reading.of(inventory);
    lines.accept(line(before, now));
    before = now;
  }

  /**
   * What happened between two looks. A listener or a balancer that came meanwhile counts with all
   * that it has done, and one that left with nothing.
   */
  static String line(Reading before, Reading now) {
    Reading.Totals totals = now.totals();
    double seconds = (now.nanos() - before.nanos()) / 1e9;
    Growth growth = growth(before, now);
    StringBuilder line = new StringBuilder();
    append(
        line,
        "last %s: %,d connections (%.1f/s), %,d open",
        seconds >= 1 ? Math.round(seconds) + " s" : Math.round(seconds * 1_000) + " ms",
        growth.connections,
        seconds > 0 ? growth.connections / seconds : 0,
        totals.open());
    if (totals.waiting() > 0) {
      append(line, ", %,d waiting", totals.waiting());
    }
    append(line, ", %,d errors", growth.errors);
    if (growth.errors > 0 && growth.connections > 0) {
      append(line, " (%.1f %%)", Math.min(100, 100.0 * growth.errors / growth.connections));
    }
    if (!now.listeners().isEmpty()) {
      append(line, ", %s in, %s out", bytes(growth.bytesIn), bytes(growth.bytesOut));
    }
    double p99 = now.p99Millis();
    if (p99 > 0) {
      append(line, ", %s p99 %s", now.listeners().isEmpty() ? "use" : "first byte", millis(p99));
    }
    append(line, ", servers %,d of %,d", totals.eligible(), totals.servers());
    return line.toString();
  }

  private record Growth(long connections, long errors, long bytesIn, long bytesOut) {}

  private static Growth growth(Reading before, Reading now) {
    long connections = 0;
    long errors = 0;
    long bytesIn = 0;
    long bytesOut = 0;
    for (Reading.OfListener listener : now.listeners()) {
      Reading.OfListener was =
          before.listeners().stream()
              .filter(other -> other.listener().proxy() == listener.listener().proxy())
              .findFirst()
              .orElse(null);
      connections += listener.stats().accepted() - (was == null ? 0 : was.stats().accepted());
      errors += listener.errors() - (was == null ? 0 : was.errors());
      bytesIn +=
          listener.stats().bytesFromClients() - (was == null ? 0 : was.stats().bytesFromClients());
      bytesOut +=
          listener.stats().bytesFromServers() - (was == null ? 0 : was.stats().bytesFromServers());
    }
    for (Reading.OfBalancer balancer : now.balancers()) {
      if (now.listenersOf(balancer.name()).isEmpty()) {
        Reading.OfBalancer was =
            before.balancers().stream()
                .filter(other -> other.balancer().balancer() == balancer.balancer().balancer())
                .findFirst()
                .orElse(null);
        connections += balancer.stats().picks() - (was == null ? 0 : was.stats().picks());
        errors += balancer.errors() - (was == null ? 0 : was.errors());
      }
    }
    return new Growth(connections, errors, bytesIn, bytesOut);
  }

  private static void append(StringBuilder line, String format, Object... values) {
    line.append(String.format(Locale.ROOT, format, values));
  }

  /** In the unit that leaves one to three digits before the point; 1 kB is 1,000 B. */
  static String bytes(long bytes) {
    if (bytes < 1_000) {
      return bytes + " B";
    }
    String units = "kMGTPE";
    double value = bytes / 1_000.0;
    int unit = 0;
    while (value >= 999.95) {
      value /= 1_000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %cB", value, units.charAt(unit));
  }

  private static String millis(double millis) {
    return String.format(Locale.ROOT, millis < 10 ? "%.1f ms" : "%,.0f ms", millis);
  }

  /** No more lines; waits for one that is under way. Idempotent. */
  @Override
  public void close() {
    if (thread != null) {
      thread.shutdown();
      try {
        if (!thread.awaitTermination(5, TimeUnit.SECONDS)) {
          log.warn("a proxy does not answer; the thread evenkeel-summary waits for it");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
