package io.evenkeel.benchmarks.simulation;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import io.evenkeel.benchmarks.simulation.Change.Kind;
import java.time.Duration;
import java.util.List;

/** What there is to simulate. */
final class Scenarios {

  private static final Duration BREAKS = ofMinutes(1);
  private static final Duration MENDS = ofMinutes(3);

  private Scenarios() {}

  /** All of them, the simple ones first. */
  static List<Scenario> all() {
    return List.of(
        Scenario.of(
                "even_moderate",
                "Even servers, moderate load",
                "Nothing is wrong and there is room: what most balancers see most of the time.")
            .servers(10, 4, 1, 1)
            .load(0.6)
            .build(),
        Scenario.of(
                "even_high",
                "Even servers, high load",
                "Nothing is wrong, but there is little room: whoever sends a request to a busy"
                    + " server while another is idle makes it wait.")
            .servers(10, 4, 1, 1)
            .load(0.9)
            .build(),
        Scenario.of(
                "long_requests",
                "Some requests take much longer",
                "One request in twenty takes 20 times as long as the others, and holds one of"
                    + " the four workers for that time.")
            .servers(10, 4, 1, 1)
            .work(Work.bimodal(ofMillis(5), ofMillis(100), 0.05))
            .load(0.75)
            .build(),
        Scenario.of(
                "bursts",
                "Bursts",
                "For a tenth of the time the requests come five times as fast, which is more than"
                    + " the servers can do.")
            .servers(10, 4, 1, 1)
            .load(0.4)
            .arrivals(new Arrivals(ofSeconds(5), ofMillis(500), 5))
            .build(),
        Scenario.of(
                "speeds_unknown",
                "Fast and slow servers, weights all 1",
                "Half of the servers are twice as fast, and nobody told the balancers.")
            .servers(5, 4, 1, 1)
            .servers(5, 4, 2, 1)
            .load(0.6)
            .build(),
        Scenario.of(
                "speeds_known",
                "Fast and slow servers, weights right",
                "The same servers; the fast ones have weight 2.")
            .servers(5, 4, 1, 1)
            .servers(5, 4, 2, 2)
            .load(0.6)
            .build(),
        Scenario.of(
                "one_slow",
                "One server becomes ten times slower",
                "From second 60 to second 180 of 300, one server of ten takes ten times as long for"
                    + " everything. It still answers, and no health check would mind.")
            .servers(10, 4, 1, 1)
            .change(Change.slow(BREAKS, 3, 10))
            .change(Change.slow(MENDS, 3, 1))
            .build(),
        Scenario.of(
                "fails_fast",
                "One server fails fast",
                "From second 60 to second 180 of 300, one server of ten answers everything with an"
                    + " error within a millisecond. Nothing checks it, nobody tries again.")
            .servers(10, 4, 1, 1)
            .change(Change.of(BREAKS, 3, Kind.FAIL))
            .change(Change.of(MENDS, 3, Kind.START))
            .build(),
        hang("hangs", "One server hangs", "Nothing checks it.").build(),
        hang(
                "hangs_checked",
                "One server hangs, with health checks",
                "Health checks take it out after three failures in a row.")
            .healthInterval(ofSeconds(5))
            .build(),
        rollingRestart(),
        Scenario.of(
                "many_clients",
                "100 clients, 20 servers",
                "Each client knows only of its own requests, of which it mostly has none or one in"
                    + " flight: do they all run to the same server?")
            .servers(20, 4, 1, 1)
            .clients(100)
            .load(0.8)
            .time(ofSeconds(30), ofSeconds(150))
            .build(),
        Scenario.of(
                "large",
                "100 clients, 10,000 servers",
                "One server in ten is half as fast, and nobody told the balancers. A client sends"
                    + " each server a request every few seconds.")
            .servers(9_000, 4, 1, 1)
            .servers(1_000, 4, 0.5, 1)
            .clients(100)
            .work(Work.lognormal(ofMillis(100), 1))
            .load(0.45)
            .timeout(ofSeconds(5))
            .time(ofSeconds(10), ofSeconds(15))
            .build());
  }

  private static Scenario.Builder hang(String name, String title, String more) {
    return Scenario.of(
            name,
            title,
            "From second 60 to second 180 of 300, one server of ten takes requests and answers"
                + " none; a client waits a second and tries another server once. "
                + more)
        .servers(10, 4, 1, 1)
        .retries(1)
        .change(Change.of(BREAKS, 3, Kind.HANG))
        .change(Change.of(MENDS, 3, Kind.START));
  }

  private static Scenario rollingRestart() {
    Scenario.Builder restart =
        Scenario.of(
                "rolling_restart",
                "Rolling restart",
                "One server after the other, every 25 seconds, drops what it has, refuses for 5"
                    + " seconds, and is three times slower for 10 more. A failed request is tried"
                    + " once on another server.")
            .servers(10, 4, 1, 1)
            .retries(1);
    for (int i = 0; i < 10; i++) {
      Duration down = ofSeconds(25).multipliedBy(i).plusSeconds(10);
      restart
          .change(Change.of(down, i, Kind.STOP))
          .change(Change.slow(down.plusSeconds(5), i, 3))
          .change(Change.of(down.plusSeconds(5), i, Kind.START))
          .change(Change.slow(down.plusSeconds(15), i, 1));
    }
    return restart.build();
  }
}
