package io.evenkeel.benchmarks.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** That what is measured is the peers at work: every server is picked, as often as it should be. */
class PeersTest {

  private static final int SERVERS = 10;

  @Test
  void grpc() throws Exception {
    GrpcPicks picks = new GrpcPicks();
    GrpcPicks.Rotation rotation = new GrpcPicks.Rotation();
    rotation.servers = SERVERS;
    rotation.setUp();
    takesTurns(() -> picks.roundRobin(rotation));

    GrpcPicks.Stride stride = new GrpcPicks.Stride();
    stride.servers = 3;
    stride.setUp();
    picksByWeight(() -> picks.staticStride(stride));

    GrpcPicks.LeastRequest leastRequest = new GrpcPicks.LeastRequest();
    leastRequest.servers = SERVERS;
    leastRequest.setUp();
    picksAny(() -> picks.leastRequest(leastRequest));

    GrpcPicks.Ring ring = new GrpcPicks.Ring();
    ring.servers = SERVERS;
    ring.setUp();
    picksAny(() -> picks.ringHash(ring));
  }

  @Test
  void armeria() throws Exception {
    ArmeriaPicks picks = new ArmeriaPicks();
    picks.servers = SERVERS;
    picks.setUp();
    takesTurns(picks::roundRobin);

    picks.servers = 3;
    picks.setUp();
    picksByWeight(picks::weightedRoundRobin);
  }

  @Test
  void serviceTalk() throws Exception {
    ServiceTalkPicks picks = new ServiceTalkPicks();
    ServiceTalkPicks.Taken taken = new ServiceTalkPicks.Taken();
    ServiceTalkPicks.Rotation rotation = new ServiceTalkPicks.Rotation();
    rotation.servers = SERVERS;
    rotation.setUp();
    takesTurns(
        () -> {
          Object unused = picks.roundRobin(rotation, taken);
          return taken.connection;
        });

    ServiceTalkPicks.WeightedRotation weighted = new ServiceTalkPicks.WeightedRotation();
    weighted.servers = 3;
    weighted.setUp();
    picksByWeight(
        () -> {
          Object unused = picks.weightedRoundRobin(weighted, taken);
          return taken.connection;
        });

    ServiceTalkPicks.TwoChoices twoChoices = new ServiceTalkPicks.TwoChoices();
    twoChoices.servers = SERVERS;
    twoChoices.setUp();
    picksAny(
        () -> {
          Object unused = picks.twoChoicesByLatency(twoChoices, taken);
          return taken.connection;
        });
    // The last: from here on a server may count as slow.
    picksAny(
        () -> {
          Object unused = picks.measuredTwoChoices(twoChoices, taken);
          return taken.connection;
        });
  }

  @Test
  void finagle() throws Exception {
    FinaglePicks picks = new FinaglePicks();
    FinaglePicks.Rotation rotation = new FinaglePicks.Rotation();
    rotation.servers = SERVERS;
    rotation.setUp();
    FinaglePicks.LeastLoaded leastLoaded = new FinaglePicks.LeastLoaded();
    leastLoaded.servers = SERVERS;
    leastLoaded.setUp();
    FinaglePicks.PeakEwma peakEwma = new FinaglePicks.PeakEwma();
    peakEwma.servers = SERVERS;
    peakEwma.setUp();

    // What is given back does not say where it came from; but it came.
    for (int i = 0; i < 100 * SERVERS; i++) {
      assertThat(picks.roundRobin(rotation)).isNotNull();
      assertThat(picks.leastLoaded(leastLoaded)).isNotNull();
      assertThat(picks.peakEwma(peakEwma)).isNotNull();
    }
  }

  @Test
  void ribbon() throws Exception {
    RibbonPicks picks = new RibbonPicks();
    RibbonPicks.Rotation rotation = new RibbonPicks.Rotation();
    rotation.servers = SERVERS;
    rotation.setUp();
    takesTurns(() -> picks.roundRobin(rotation));

    RibbonPicks.ResponseTime responseTime = new RibbonPicks.ResponseTime();
    responseTime.servers = SERVERS;
    responseTime.setUp();
    picksAny(() -> picks.responseTime(responseTime));

    RibbonPicks.BestAvailable bestAvailable = new RibbonPicks.BestAvailable();
    bestAvailable.servers = SERVERS;
    bestAvailable.setUp();
    assertThat(picks.bestAvailable(bestAvailable)).isNotNull();
  }

  private static void takesTurns(Callable<Object> pick) throws Exception {
    assertThat(picks(pick, SERVERS)).doesNotContainNull().doesNotHaveDuplicates();
  }

  /** Over 3 servers with weights 1, 2 and 3. */
  private static void picksByWeight(Callable<Object> pick) throws Exception {
    long[] counts =
        picks(pick, 6_000).stream()
            .collect(Collectors.groupingBy(server -> server, Collectors.counting()))
            .values()
            .stream()
            .mapToLong(Long::longValue)
            .sorted()
            .toArray();
    assertThat(counts).hasSize(3);
    for (int i = 0; i < 3; i++) {
      assertThat(counts[i]).as(Arrays.toString(counts)).isCloseTo(1000L * (i + 1), within(20L));
    }
  }

  private static void picksAny(Callable<Object> pick) throws Exception {
    assertThat(picks(pick, 100 * SERVERS).stream().distinct())
        .doesNotContainNull()
        .hasSize(SERVERS);
  }

  private static List<Object> picks(Callable<Object> pick, int count) throws Exception {
    Object[] picks = new Object[count];
    for (int i = 0; i < count; i++) {
      picks[i] = pick.call();
    }
    return Arrays.asList(picks);
  }
}
