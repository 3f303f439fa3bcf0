package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

/** Threads that pick, fail and close, servers that come and go, and somebody who watches. */
class StatsStressTest {

  private static final int PICKERS = 4;
  private static final int PICKS_EACH = 50_000;

  @Test
  void readingMeanwhile_countsOnlyGrow_andAreExactInTheEnd() throws Exception {
    long seed = Threads.seed();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(4))
            .recordLatency(Duration.ofMillis(1))
            .seed(seed)
            .build();
    LongAdder picks = new LongAdder();
    LongAdder successes = new LongAdder();
    LongAdder failures = new LongAdder();
    LongAdder neutral = new LongAdder();
    LongAdder refused = new LongAdder();
    AtomicInteger picking = new AtomicInteger(PICKERS);
    Threads.run(
        PICKERS + 2,
        index -> {
          Random random = new Random(seed + index);
          if (index == PICKERS) {
            watch(balancer, picking);
          } else if (index == PICKERS + 1) {
            while (picking.get() > 0) {
              String id = "s" + random.nextInt(4);
              if (!balancer.remove(id)) {
                balancer.add(Servers.named(id));
              }
            }
          } else {
            List<Lease> open = new ArrayList<>();
            try {
              for (int i = 0; i < PICKS_EACH; i++) {
                Lease lease = balancer.tryAcquire(Query.any());
                if (lease == null) {
                  refused.increment();
                  continue;
                }
                picks.increment();
                switch (random.nextInt(3)) {
                  case 0 -> {
                    lease.success();
                    successes.increment();
                  }
                  case 1 -> {
                    lease.failure(new IOException("test"));
                    failures.increment();
                  }
                  default -> {
                    neutral.increment();
                    lease.close(); // at once: outcomes are never far behind picks
                  }
                }
                open.add(lease);
                if (open.size() > random.nextInt(10)) {
                  open.remove(random.nextInt(open.size())).close();
                }
              }
            } finally {
              open.forEach(Lease::close);
              picking.decrementAndGet();
            }
          }
        });
    BalancerStats end = balancer.stats();
    assertThat(end.inFlight()).as("seed %d", seed).isZero();
    assertThat(end.picks()).as("seed %d", seed).isEqualTo(picks.sum());
    assertThat(end.successes()).as("seed %d", seed).isEqualTo(successes.sum());
    assertThat(end.failures()).as("seed %d", seed).isEqualTo(failures.sum());
    assertThat(end.neutral()).as("seed %d", seed).isEqualTo(neutral.sum());
    assertThat(end.refused()).as("seed %d", seed).isEqualTo(refused.sum());
    assertThat(end.picks()).isEqualTo(end.successes() + end.failures() + end.neutral());
  }

  @Test
  void nodeInUse_neverShowsMoreOutcomesThanPicks() throws Exception {
    Node node = new Node(Servers.server(0));
    AtomicInteger reading = new AtomicInteger(1);
    Threads.run(
        3,
        index -> {
          if (index > 0) {
            while (reading.get() > 0) {
              node.startOfUse();
              node.succeeded(0);
            }
            return;
          }
          try {
            for (int i = 0; i < 50_000; i++) {
              Totals seen = new Totals();
              seen.add(node);
              assertThat(seen.successes).isLessThanOrEqualTo(seen.picks);
            }
          } finally {
            reading.set(0);
          }
        });
    assertThat(node.successes()).isEqualTo(node.picks());
  }

  private static void watch(LoadBalancer balancer, AtomicInteger picking) {
    BalancerStats before = balancer.stats();
    while (picking.get() > 0) {
      BalancerStats now = balancer.stats();
      assertThat(now.age()).isGreaterThanOrEqualTo(before.age());
      assertThat(now.picks()).isGreaterThanOrEqualTo(before.picks());
      assertThat(now.successes()).isGreaterThanOrEqualTo(before.successes());
      assertThat(now.failures()).isGreaterThanOrEqualTo(before.failures());
      assertThat(now.neutral()).isGreaterThanOrEqualTo(before.neutral());
      assertThat(now.refused()).isGreaterThanOrEqualTo(before.refused());
      assertThat(now.successes() + now.failures() + now.neutral()).isLessThanOrEqualTo(now.picks());
      assertThat(now.inFlight()).isNotNegative();
      before = now;
    }
  }
}
