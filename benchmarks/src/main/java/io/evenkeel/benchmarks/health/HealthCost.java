package io.evenkeel.benchmarks.health;

import com.sun.management.ThreadMXBean;
import io.evenkeel.benchmarks.report.Machine;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.health.HealthMonitor;
import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.HealthStats;
import io.evenkeel.health.Probe;
import io.evenkeel.health.Probes;
import io.evenkeel.health.ServerHealth;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The command: watches 10,000 servers over loopback listeners, 1,000 checks a second, and writes
 * what that costs: CPU of the monitor's threads, memory, threads; and what happens when all servers
 * go down, or silent, at once. Runs for about three minutes; {@code --quick} for a look.
 */
public final class HealthCost {

  private static final int PORTS = 4;
  private static final String THREADS = "evenkeel-health";

  private final int servers;
  private final Duration interval;
  private final Duration measured;
  private final List<String> rows = new ArrayList<>();
  private final List<String> outages = new ArrayList<>();
  private double heapPerServer;

  private HealthCost(boolean quick) {
    servers = quick ? 500 : 10_000;
    interval = Duration.ofSeconds(quick ? 1 : 10);
    measured = Duration.ofSeconds(quick ? 2 : 20);
  }

  /** Runs the command. */
  public static void main(String[] args) throws Exception {
    // 10,000 servers that go down say it 10,000 times.
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "error");
    List<String> arguments = Arrays.asList(args);
    int out = arguments.indexOf("--out");
    Path file = Path.of(out < 0 ? "benchmarks/results" : args[out + 1]).resolve("health.md");
    HealthCost cost = new HealthCost(arguments.contains("--quick"));
    cost.run();
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, cost.page());
    System.out.print(cost.page());
    System.exit(0);
  }

  private void run() throws Exception {
    try (Answering answering = new Answering(PORTS, true)) {
      steady("TCP", Probes.tcp(), answering.ports());
      steady("HTTP", Probes.http("/health"), answering.ports());
      outage("refuse", answering);
    }
    try (Answering silent = new Answering(PORTS, false)) {
      silence(silent.ports());
    }
  }

  private LoadBalancer balancer(IntFunction<Integer> ports, AtomicInteger snapshots) {
    Selector.Factory roundRobin = Selectors.roundRobin();
    return LoadBalancer.builder()
        .servers(
            IntStream.range(0, servers)
                .mapToObj(i -> Server.of("127.0.0.1", ports.apply(i)).withId("s" + i))
                .toList())
        .selector(
            (candidates, previous) -> {
              snapshots.incrementAndGet();
              return roundRobin.create(candidates, previous);
            })
        .build();
  }

  private HealthMonitor monitor(LoadBalancer balancer, Probe probe) {
    return HealthMonitor.builder(balancer)
        .probe(probe)
        .policy(HealthPolicy.builder().interval(interval).jitter(0).build())
        .maxInFlight(servers)
        .start();
  }

  /** All servers work: after one interval of warming up. */
  private void steady(String name, Probe probe, IntFunction<Integer> ports) throws Exception {
    LoadBalancer balancer = balancer(ports, new AtomicInteger());
    long heapBefore = heap();
    try (HealthMonitor monitor = monitor(balancer, probe)) {
      Thread.sleep(interval.toMillis() + 1_000);
      HealthStats before = monitor.stats();
      Map<Long, Cost> costsBefore = costs();
      long begun = System.nanoTime();
      Thread.sleep(measured.toMillis());
      Cost cost = Cost.since(costsBefore, costs());
      HealthStats after = monitor.stats();
      double seconds = (System.nanoTime() - begun) / 1e9;
      long checks = after.checks() - before.checks();
      heapPerServer = Math.max(heapPerServer, (heap() - heapBefore) / (double) servers);
      rows.add(
          String.format(
              Locale.ROOT,
              "| %s | %,.0f | %d | %.1f %% | %.0f µs | %,d B | %d |",
              name,
              checks / seconds,
              after.failures() - before.failures(),
              cost.cpuNanos / seconds / 1e7,
              cost.cpuNanos / 1e3 / checks,
              cost.bytes / checks,
              costs().size()));
    }
  }

  /** All listeners close at once. */
  private void outage(String name, Answering answering) throws Exception {
    AtomicInteger snapshots = new AtomicInteger();
    LoadBalancer balancer = balancer(answering.ports(), snapshots);
    try (HealthMonitor monitor = monitor(balancer, Probes.http("/health"))) {
      untilAll(monitor, ServerHealth.Status.UP);
      answering.close();
      outageOf(name, monitor, balancer, snapshots);
    }
  }

  private void silence(IntFunction<Integer> ports) throws Exception {
    AtomicInteger snapshots = new AtomicInteger();
    LoadBalancer balancer = balancer(ports, snapshots);
    try (HealthMonitor monitor = monitor(balancer, Probes.http("/health"))) {
      outageOf("are silent from the start", monitor, balancer, snapshots);
    }
  }

  private void outageOf(
      String name, HealthMonitor monitor, LoadBalancer balancer, AtomicInteger snapshots)
      throws InterruptedException {
    snapshots.set(0);
    Map<Long, Cost> before = costs();
    long begun = System.nanoTime();
    int mostInFlight = 0;
    int mostThreads = 0;
    while (balancer.eligibleCount() > 0) {
      mostInFlight = Math.max(mostInFlight, monitor.stats().inFlight());
      mostThreads = Math.max(mostThreads, costs().size());
      Thread.sleep(50);
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    outages.add(
        String.format(
            Locale.ROOT,
            "| %s | %.1f s | %,d | %.1f %% | %,d | %d |",
            name,
            seconds,
            snapshots.get(),
            Cost.since(before, costs()).cpuNanos / seconds / 1e7,
            mostInFlight,
            mostThreads));
  }

  private void untilAll(HealthMonitor monitor, ServerHealth.Status status)
      throws InterruptedException {
    while (monitor.stats().count(status) < servers) {
      Thread.sleep(100);
    }
  }

  private static long heap() throws InterruptedException {
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(100);
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** What threads have used up so far. */
  private record Cost(long cpuNanos, long bytes) {

    static Cost since(Map<Long, Cost> before, Map<Long, Cost> after) {
      long cpu = 0;
      long bytes = 0;
      for (Map.Entry<Long, Cost> thread : after.entrySet()) {
        Cost was = before.getOrDefault(thread.getKey(), new Cost(0, 0));
        cpu += thread.getValue().cpuNanos - was.cpuNanos;
        bytes += thread.getValue().bytes - was.bytes;
      }
      return new Cost(cpu, bytes);
    }
  }

  /** Of the monitor's threads, by id. */
  private static Map<Long, Cost> costs() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Map<Long, Cost> costs = new HashMap<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith(THREADS)) {
        long id = thread.getId();
        costs.put(id, new Cost(threads.getThreadCpuTime(id), threads.getThreadAllocatedBytes(id)));
      }
    }
    return costs;
  }

  private String page() {
    return String.join(
        "\n",
        "# What watching many servers costs",
        "",
        "```",
        "mvn package -DskipTests",
        "java -Xmx1g -cp benchmarks/target/benchmarks.jar"
            + " io.evenkeel.benchmarks.health.HealthCost",
        "```",
        "",
        String.format(
            Locale.ROOT,
            "%,d servers over %d loopback listeners of the same process, each checked every %d s, on"
                + " %s. The CPU is that of the monitor's own threads, user and system; over"
                + " loopback, much of the other side's network work is charged to whoever sends,"
                + " too. 100 %% is one core.",
            servers,
            PORTS,
            interval.toSeconds(),
            Machine.describe()),
        "",
        "| checks | a second | failed | CPU | CPU a check | allocated a check | threads |",
        "|---|---|---|---|---|---|---|",
        String.join("\n", rows),
        "",
        String.format(
            Locale.ROOT,
            "Heap for each server, its results so far (about 3 of the 5 that are kept) among it:"
                + " %,.0f B (live, after a collection, beside the balancer alone).",
            heapPerServer),
        "",
        "When all of them fail at once (HTTP, 3 failures in a row, no fast interval):",
        "",
        "| the servers | until none is picked | snapshots built | CPU meanwhile | checks in flight,"
            + " at most | threads, at most |",
        "|---|---|---|---|---|---|",
        String.join("\n", outages),
        "");
  }
}
