package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command behind {@code benchmarks/proxy/compare}: measures what relaying costs, in turn with
 * HAProxy and nginx, and writes {@code proxy.md}, {@code proxy.csv} and {@code proxy.svg}.
 */
public final class ProxyCompare {

  private static final Pattern STRACE_LINE =
      Pattern.compile("(?m)^ *[\\d.]+ +[\\d.]+ +\\d+ +(\\d+) +(?:\\d+ +)?(\\w+)$");

  private final Options options;
  private final Session session;
  private final Tools tools;
  private final Results results;
  private final Swallower swallower;
  private final Map<Contender, Integer> serverPorts = new EnumMap<>(Contender.class);

  /** In front of the server that replies, and of the one that swallows; for the whole run. */
  private final Map<Contender, Running> proxies = new EnumMap<>(Contender.class);

  private final Map<Contender, Running> uploadProxies = new EnumMap<>(Contender.class);

  private ProxyCompare(
      Options options, Session session, Tools tools, Results results, Swallower swallower) {
    this.options = options;
    this.session = session;
    this.tools = tools;
    this.results = results;
    this.swallower = swallower;
  }

  /** Runs the command. */
  public static void main(String[] args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.print(
          Options.USAGE.formatted(
              Stream.of(Scenario.values())
                  .map(s -> "                  " + s.letter() + " " + s.description())
                  .collect(Collectors.joining("\n"))));
      return;
    }
    int status = 0;
    try {
      run(Options.of(args));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      status = 2;
    } catch (IOException e) {
      System.err.println(e.getMessage());
      status = 1;
    }
    System.exit(status); // which closes the session
  }

  private static void run(Options options) throws IOException, InterruptedException {
    Tools tools = Tools.find(options.java, options.syscalls);
    Results results = Results.load(options.out().resolve("proxy.csv"), tools);
    Session session = Session.open();
    ProxyCompare compare = new ProxyCompare(options, session, tools, results, Swallower.start());
    compare.start();
    if (options.syscalls) {
      compare.countSystemCalls();
    } else {
      compare.measure();
    }
    results.save();
    String page = Page.of(results);
    Files.writeString(options.out().resolve("proxy.md"), page);
    Files.writeString(options.out().resolve("proxy.svg"), Chart.of(results));
    System.out.println(page);
  }

  private void start() throws IOException, InterruptedException {
    List<Integer> ports = Session.freePorts(Contender.values().length);
    Backend.start(session, tools, ports);
    for (Contender contender : Contender.values()) {
      int server = ports.get(serverPorts.size());
      serverPorts.put(contender, server);
      if (options.scenarios().stream().anyMatch(s -> !s.isUpload() && s != Scenario.E)) {
        proxies.put(contender, Running.start(session, tools, contender, server));
      }
      if (options.scenarios().contains(Scenario.F)) {
        uploadProxies.put(contender, Running.start(session, tools, contender, swallower.port()));
      }
    }
    warmUp();
  }

  /** Twice round, for what one scenario has taught the JIT compiler may not hold in the next. */
  private void warmUp() throws IOException, InterruptedException {
    for (int pass = 1; pass <= 2; pass++) {
      for (Scenario scenario : options.scenarios()) {
        if (scenario != Scenario.E) {
          warmUp(scenario, proxy(scenario, Contender.EVENKEEL));
        }
      }
    }
  }

  /**
   * Until the compilers take less than a hundredth of all, which is how the proxy of an operator
   * runs but for its first minute; or the time is up.
   */
  private void warmUp(Scenario scenario, Running proxy) throws IOException, InterruptedException {
    int seconds = 0;
    long compilers;
    long cpu;
    do {
      compilers = proxy.compilerMillis();
      cpu = proxy.cpuMillis();
      Load unused = load(scenario, proxy, options.warmUpSeconds());
      seconds += options.warmUpSeconds();
      compilers = proxy.compilerMillis() - compilers;
      cpu = proxy.cpuMillis() - cpu;
    } while (compilers > cpu / 100 && seconds < options.warmUpSecondsAtMost());
    say(
        "%s: Evenkeel warmed up for %d s; of the last %d, compilers took %.1f %%",
        scenario.letter(),
        seconds,
        options.warmUpSeconds(),
        100.0 * Math.max(0, compilers) / Math.max(1, cpu));
  }

  private Running proxy(Scenario scenario, Contender contender) {
    Running proxy = (scenario.isUpload() ? uploadProxies : proxies).get(contender);
    if (proxy == null) {
      throw new IllegalStateException(contender + " was not started for " + scenario);
    }
    return proxy;
  }

  private void measure() throws IOException, InterruptedException {
    for (int round = 0; round < options.rounds; round++) {
      List<Contender> order = new ArrayList<>(List.of(Contender.values()));
      Collections.rotate(order, round);
      if (round % 2 == 1) {
        Collections.reverse(order);
      }
      for (Scenario scenario : options.scenarios()) {
        for (Contender contender : order) {
          Cell cell =
              new Cell(
                  LocalDate.now(ZoneOffset.UTC).toString(),
                  tools.javaVersion(),
                  scenario,
                  contender,
                  round);
          if (scenario == Scenario.E) {
            measureBesideIdle(cell);
          } else {
            measure(cell, proxy(scenario, contender));
          }
        }
      }
    }
  }

  private void measure(Cell cell, Running proxy) throws IOException, InterruptedException {
    long swallowed = swallower.bytes();
    long cpu = proxy.cpuMillis();
    Load load = load(cell.scenario(), proxy, options.seconds);
    cpu = proxy.cpuMillis() - cpu;
    long bytes = cell.scenario().isUpload() ? swallower.bytes() - swallowed : load.bytes();
    double units = cell.scenario().isBulk() ? bytes / (double) (1 << 20) : (double) load.requests();
    results.add(cell, "seconds", options.seconds);
    results.add(cell, "cpu_us", cpu * 1_000 / units);
    results.add(cell, "per_s", units / options.seconds);
    results.add(cell, "p50_us", load.p50Micros());
    results.add(cell, "p99_us", load.p99Micros());
    results.add(cell, "errors", (double) load.errors());
    say(
        "%s round %d, %-18s %8.2f us a %s, %,.0f/s, CPU %.0f %%, p50 %.2f ms, p99 %.2f ms, %d errors",
        cell.scenario().letter(),
        cell.round() + 1,
        cell.contender().title() + ":",
        cpu * 1_000 / units,
        cell.scenario().unit(),
        units / options.seconds,
        cpu / 10.0 / options.seconds,
        load.p50Micros() / 1e3,
        load.p99Micros() / 1e3,
        load.errors());
  }

  private Load load(Scenario scenario, Running proxy, int seconds)
      throws IOException, InterruptedException {
    return Load.run(session, tools, scenario, proxy.port(), seconds);
  }

  /**
   * With a process of its own, so that memory that others have freed does not hide what it takes.
   */
  private void measureBesideIdle(Cell cell) throws IOException, InterruptedException {
    Contender contender = cell.contender();
    int server = serverPorts.getOrDefault(contender, 0);
    boolean ours = contender.isOurs();
    try (Running proxy =
        ours
            ? Running.start(session, tools, contender, server, "-XX:NativeMemoryTracking=summary")
            : Running.start(session, tools, contender, server)) {
      if (ours) {
        warmUp(Scenario.E, proxy);
      } else {
        Load unused = load(Scenario.E, proxy, 1);
      }
      long heap = ours ? proxy.heapBytes(tools) : 0;
      long nativeBytes = ours ? proxy.nativeBytes(tools) : 0;
      long resident = proxy.residentBytes();
      double relays = options.idleRelays();
      try (IdleRelays idle = IdleRelays.open(proxy.port(), options.idleRelays())) {
        results.add(cell, "relays", relays);
        results.add(cell, "resident_b", (proxy.residentBytes() - resident) / relays);
        if (ours) {
          results.add(cell, "heap_b", (proxy.heapBytes(tools) - heap) / relays);
          results.add(cell, "native_b", (proxy.nativeBytes(tools) - nativeBytes) / relays);
        }
        measure(cell, proxy);
        idle.askAll();
      }
    }
  }

  private void countSystemCalls() throws IOException, InterruptedException {
    for (Scenario scenario : options.scenarios()) {
      for (Contender contender : Contender.values()) {
        Cell cell =
            new Cell(
                LocalDate.now(ZoneOffset.UTC).toString(),
                tools.javaVersion(),
                scenario,
                contender,
                0);
        Running proxy = proxy(scenario, contender);
        Path directory = session.newDirectory("strace");
        Path counts = directory.resolve("counts");
        Process strace =
            session.start(
                directory,
                List.of("strace", "-c", "-f", "-o", counts.toString(), "-p", "" + proxy.worker()));
        while (!Files.readString(directory.resolve("err")).contains("attached")) {
          if (!strace.isAlive()) {
            throw new IOException("strace: " + Files.readString(directory.resolve("err")));
          }
          Thread.sleep(20);
        }
        Load load = load(scenario, proxy, options.seconds);
        session.end(strace);
        count(cell, load.requests(), Files.readString(counts));
      }
    }
  }

  private void count(Cell cell, long requests, String counts) {
    Map<String, Double> calls = new TreeMap<>();
    Matcher matcher = STRACE_LINE.matcher(counts);
    while (matcher.find()) {
      if (!matcher.group(2).equals("total")) {
        calls.put(matcher.group(2), Double.parseDouble(matcher.group(1)) / requests);
      }
    }
    double all = calls.values().stream().mapToDouble(Double::doubleValue).sum();
    results.add(cell, "calls", all);
    calls.forEach((name, perRequest) -> results.add(cell, "calls " + name, perRequest));
    say(
        "%s %s: %.2f system calls a request, of %,d",
        cell.scenario().letter(), cell.contender().title(), all, requests);
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
