package io.evenkeel.health;

import static io.evenkeel.core.Block.CIRCUIT_OPEN;
import static io.evenkeel.core.Block.EJECTED;
import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Detector and breakers on a scheduler of several threads, under threads that use the balancer. */
class PassiveStressTest {

  private final long seed = Threads.seed();
  private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(2);

  @AfterEach
  void shutDown() {
    scheduler.shutdownNow();
  }

  /**
   * Everybody fails half of the time, and is ejected for a few milliseconds, while others are added
   * and removed: never are more out than may be. Of 20 that stay and 5 that come and go, 10 % are
   * 2.
   */
  @Test
  void ejections_membersComeAndGo_neverMoreThanTheLimit() throws Exception {
    System.out.println("seed " + seed);
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(20)).build();
    OutlierPolicy policy =
        OutlierPolicy.builder()
            .consecutiveFailures(2)
            .failureShare(0.5, OutcomeWindow.ofCount(10))
            .ejectionTime(ofMillis(2))
            .maxEjectionTime(ofMillis(10))
            .build();
    AtomicInteger running = new AtomicInteger(3);
    AtomicInteger seenOut = new AtomicInteger();
    OutlierDetector detector =
        OutlierDetector.builder(balancer).policy(policy).scheduler(scheduler).seed(seed).start();
    Threads.run(
        5,
        index -> {
          SplittableRandom random = new SplittableRandom(seed + index);
          if (index == 0) { // looks
            while (running.get() > 0) {
              OutlierStats stats = detector.stats();
              assertThat(stats.ejected()).isLessThanOrEqualTo(2);
              seenOut.accumulateAndGet(stats.ejected(), Math::max);
            }
          } else if (index == 1) { // members come and go
            while (running.get() > 0) {
              String id = "s" + (20 + random.nextInt(5));
              if (!balancer.remove(id)) {
                balancer.add(Fleet.server(Integer.parseInt(id.substring(1))));
              }
            }
          } else {
            for (int i = 0; i < 60_000; i++) {
              useOnce(balancer, random, 2);
            }
            running.decrementAndGet();
          }
        });
    assertThat(seenOut.get()).isPositive();
    Await.until("all are back", () -> detector.stats().ejected() == 0);
    Await.until(
        "no block is left",
        () -> balancer.nodes().stream().noneMatch(node -> node.blocks().contains(EJECTED)));
    detector.close();
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
  }

  /** Who is blocked is counted by the events, which come in the order of the snapshots. */
  @Test
  void ejections_inNoSnapshotMoreThanTheLimit() throws Exception {
    System.out.println("seed " + seed);
    AtomicInteger blocked = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(servers(30))
            .listener(
                event -> {
                  if (event instanceof BalancerEvent.ServerBlocked) {
                    most.accumulateAndGet(blocked.incrementAndGet(), Math::max);
                  } else {
                    blocked.decrementAndGet();
                  }
                })
            .build();
    OutlierPolicy policy =
        OutlierPolicy.builder()
            .consecutiveFailures(1)
            .ejectionTime(ofMillis(1))
            .maxEjectionTime(ofMillis(3))
            .build();
    try (OutlierDetector detector =
        OutlierDetector.builder(balancer).policy(policy).scheduler(scheduler).start()) {
      Threads.run(
          4,
          index -> {
            SplittableRandom random = new SplittableRandom(seed + index);
            for (int i = 0; i < 50_000; i++) {
              useOnce(balancer, random, 2);
            }
          });
      Await.until("all are back", () -> detector.stats().ejected() == 0 && blocked.get() == 0);
      assertThat(detector.stats().ejections()).isGreaterThan(3);
      assertThat(most.get()).isBetween(1, 3);
    }
  }

  /**
   * A circuit goes half-open, and all threads want it at once: exactly as many get it as there are
   * trials, and again after all of those were closed without a word. Each round anew.
   */
  @Test
  void halfOpen_allWantIt_exactlySoManyGetIt() throws Exception {
    int trials = 3;
    Fleet fleet = new Fleet(1); // its clock stands still while threads run
    CircuitBreakers breakers =
        CircuitBreakers.builder(fleet.balancer)
            .policy(CircuitPolicy.builder().trials(trials).jitter(0).build())
            .clock(fleet.time)
            .scheduler(fleet.time)
            .start();
    for (int round = 0; round < 200; round++) {
      fleet.fail(0, 5);
      fleet.time.advance(Duration.ofSeconds(10));
      AtomicInteger held = new AtomicInteger();
      Threads.run(
          4,
          index -> {
            for (int i = 0; i < 50; i++) {
              Lease lease = fleet.lease(0);
              if (lease != null) {
                assertThat(held.incrementAndGet()).isBetween(1, trials);
                held.decrementAndGet();
                lease.close();
              }
            }
          });
      Queue<Lease> taken = new ConcurrentLinkedQueue<>();
      Threads.run(
          4,
          index -> {
            for (int i = 0; i < 5; i++) {
              Lease lease = fleet.lease(0);
              if (lease != null) {
                taken.add(lease);
              }
            }
          });
      assertThat(taken).hasSize(trials);
      Threads.run(
          trials,
          index -> {
            Lease lease = taken.remove();
            lease.success();
            lease.close();
          });
      assertThat(breakers.state("s0").status()).isEqualTo(CircuitBreaker.Status.CLOSED);
    }
  }

  /** Every circuit opens again and again; at the end no block, no permit and no lease is lost. */
  @Test
  void circuits_underAllKindsOfUses_nothingIsLost() throws Exception {
    System.out.println("seed " + seed);
    int trials = 2;
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(3)).build();
    CircuitPolicy policy =
        CircuitPolicy.builder()
            .consecutiveFailures(2)
            .openTime(ofMillis(1))
            .maxOpenTime(ofMillis(4))
            .trials(trials)
            .build();
    CircuitBreakers breakers =
        CircuitBreakers.builder(balancer).policy(policy).scheduler(scheduler).seed(seed).start();
    Threads.run(
        4,
        index -> {
          SplittableRandom random = new SplittableRandom(seed + index);
          for (int i = 0; i < 60_000; i++) {
            useOnce(balancer, random, 3);
          }
        });
    // Whatever state they are in: with good leases all close, and one trial less would show.
    for (Node node : balancer.nodes()) {
      Await.until(
          "all trials of " + node + " are there, and it closes",
          () -> {
            Lease lease = balancer.tryAcquire(Query.any());
            if (lease != null) {
              lease.success();
              lease.close();
            }
            return breakers.state(node.server().id()).status() == CircuitBreaker.Status.CLOSED;
          });
    }
    Await.until(
        "no block is left",
        () -> balancer.nodes().stream().noneMatch(node -> node.blocks().contains(CIRCUIT_OPEN)));
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    breakers.close();
  }

  private static void useOnce(LoadBalancer balancer, SplittableRandom random, int outOf) {
    Lease lease = balancer.tryAcquire(Query.any());
    if (lease == null) {
      return;
    }
    int what = random.nextInt(2 * outOf);
    if (what < 2) {
      lease.failure(new IOException("no"));
    } else if (what < 2 * outOf - 1) {
      lease.success();
    }
    lease.close();
  }

  private static List<Server> servers(int n) {
    return IntStream.range(0, n).mapToObj(Fleet::server).toList();
  }
}
