package io.evenkeel.benchmarks.report;

import io.evenkeel.benchmarks.ChangeBenchmark;
import io.evenkeel.benchmarks.PickBaselines;
import io.evenkeel.benchmarks.PickBenchmark;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Who takes part: every selector there is, and those of the peers and baselines that are there. */
final class Contenders {

  static final String SERVICETALK_MEASURED = "ServiceTalk two choices, EWMA";
  static final String FINAGLE_MEASURED = "Finagle two choices, peak EWMA";

  /** The selectors that look at latencies, and are measured with their accounting. */
  static final Set<String> LATENCY_AWARE = Set.of("peak_ewma", "least_response_time");

  private static final String PEERS = "io.evenkeel.benchmarks.peers.";

  private Contenders() {}

  /** Those of these selectors, and whom they are compared with. */
  static List<Contender> of(Collection<String> selectors) {
    List<Contender> all = new ArrayList<>();
    for (String selector : selectors) {
      String pick = PickBenchmark.class.getName();
      all.add(ours(selector, Work.SELECT, pick + ".select"));
      all.add(ours(selector, Work.USE, pick + ".acquireAndClose"));
      if (LATENCY_AWARE.contains(selector)) {
        all.add(ours(selector, Work.MEASURED_USE, pick + ".acquireSucceedAndClose"));
      }
      String change = ChangeBenchmark.class.getName();
      all.add(ours(selector, Work.UPDATE_ALL, change + ".updateAll"));
      all.add(ours(selector, Work.ADD_AND_REMOVE, change + ".addAndRemove"));
      all.add(ours(selector, Work.DOWN_AND_UP, change + ".downAndUp"));
    }
    for (Contender other : others()) {
      if (other.like().stream().anyMatch(selectors::contains) && isHere(other)) {
        all.add(other);
      }
    }
    return all;
  }

  private static Contender ours(String selector, Work work, String benchmark) {
    return new Contender(selector, true, List.of(selector), work, benchmark, selector);
  }

  private static List<Contender> others() {
    return List.of(
        baseline("a shared counter", "round_robin", Work.SELECT, "rotation"),
        baseline("a shared counter, counted", "round_robin", Work.USE, "countedRotation"),
        baseline("chance", "random", Work.SELECT, "random"),
        baseline("binary search by weight", "weighted_random", Work.SELECT, "weightedRandom"),
        baseline("two choices", "power_of_two", Work.SELECT, "twoChoices"),
        baseline("two choices, counted", "power_of_two", Work.USE, "countedTwoChoices"),
        baseline("two choices, timed", "peak_ewma", Work.MEASURED_USE, "timedTwoChoices"),
        baseline("scan, ties in turn", "least_connections", Work.SELECT, "leastOfAllInTurn"),
        peer("gRPC round robin", "round_robin", Work.SELECT, "GrpcPicks.roundRobin"),
        peer("gRPC static stride", "weighted_round_robin", Work.SELECT, "GrpcPicks.staticStride"),
        peer("gRPC least request (2)", "power_of_two", Work.USE, "GrpcPicks.leastRequest"),
        peer("Armeria round robin", "round_robin", Work.SELECT, "ArmeriaPicks.roundRobin"),
        peer(
            "Armeria weighted round robin",
            "weighted_round_robin",
            Work.SELECT,
            "ArmeriaPicks.weightedRoundRobin"),
        peer("ServiceTalk round robin", "round_robin", Work.SELECT, "ServiceTalkPicks.roundRobin"),
        peer(
            "ServiceTalk weighted round robin",
            "weighted_round_robin",
            Work.SELECT,
            "ServiceTalkPicks.weightedRoundRobin"),
        latencyAware(
            "ServiceTalk two choices, EWMA, alone",
            Work.SELECT,
            "ServiceTalkPicks.twoChoicesByLatency"),
        latencyAware(
            SERVICETALK_MEASURED, Work.MEASURED_USE, "ServiceTalkPicks.measuredTwoChoices"),
        peer("Finagle round robin", "round_robin", Work.USE, "FinaglePicks.roundRobin"),
        peer(
            "Finagle two choices, least loaded",
            "power_of_two",
            Work.USE,
            "FinaglePicks.leastLoaded"),
        latencyAware(FINAGLE_MEASURED, Work.MEASURED_USE, "FinaglePicks.peakEwma"),
        peer("Ribbon round robin", "round_robin", Work.SELECT, "RibbonPicks.roundRobin"),
        peer(
            "Ribbon weighted response time",
            "least_response_time",
            Work.SELECT,
            "RibbonPicks.responseTime"),
        peer(
            "Ribbon best available",
            "least_connections",
            Work.SELECT,
            "RibbonPicks.bestAvailable"));
  }

  private static Contender baseline(String name, String like, Work work, String method) {
    String benchmark = PickBaselines.class.getName() + "." + method;
    return new Contender("baseline: " + name, false, List.of(like), work, benchmark, null);
  }

  private static Contender peer(String name, String like, Work work, String method) {
    return new Contender(name, false, List.of(like), work, PEERS + method, null);
  }

  private static Contender latencyAware(String name, Work work, String method) {
    return new Contender(
        name, false, List.of("peak_ewma", "least_response_time"), work, PEERS + method, null);
  }

  /** Whether it is slow for longer than others before it is compiled, which would flatter us. */
  static boolean warmsSlowly(Contender contender) {
    return contender.benchmark().startsWith(PEERS + "FinaglePicks")
        || contender.benchmark().startsWith(PEERS + "ServiceTalkPicks");
  }

  private static boolean isHere(Contender contender) {
    String benchmark = contender.benchmark();
    String type = benchmark.substring(0, benchmark.lastIndexOf('.'));
    return Contenders.class.getClassLoader().getResource(type.replace('.', '/') + ".class") != null;
  }
}
