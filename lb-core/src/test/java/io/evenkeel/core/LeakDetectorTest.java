package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BalancerEvent.LeaseLeaked;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A lease that is lost while it is open is reported once, and its use is over. */
@Timeout(60)
class LeakDetectorTest {

  private final List<LeaseLeaked> leaked = new CopyOnWriteArrayList<>();
  private final LoadBalancer balancer = balancer(true);

  private LoadBalancer balancer(boolean isOn) {
    return LoadBalancer.builder()
        .servers(Servers.server(0))
        .leakDetection(isOn)
        .listener(
            event -> {
              if (event instanceof LeaseLeaked leak) {
                leaked.add(leak);
              }
            })
        .build();
  }

  @Test
  void lostWhileOpen_isReportedOnce_withThePlace() {
    loseOne();
    collectUntil(1);
    assertThat(leaked.get(0).server()).isEqualTo(Servers.server(0));
    assertThat(leaked.get(0).takenAt().getStackTrace())
        .anyMatch(frame -> frame.getMethodName().equals("loseOne"));
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
    loseOne();
    collectUntil(2);
    assertThat(leaked).hasSize(2);
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
  }

  @Test
  void closed_isNotReported() {
    for (int i = 0; i < 1_000; i++) {
      balancer.acquire().close();
    }
    loseOne(); // by when this one is found, the others would have been
    collectUntil(1);
    collectOnce();
    assertThat(leaked).hasSize(1);
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
  }

  @Test
  void stillHeld_isNotReported() {
    Lease held = balancer.acquire();
    loseOne();
    collectUntil(1);
    assertThat(leaked).hasSize(1);
    assertThat(balancer.nodes().get(0).inFlight()).isEqualTo(1);
    held.close();
    held.close();
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
  }

  @Test
  void lostWhileDraining_letsTheDrainEnd() {
    CompletableFuture<Integer> drained =
        balancer.drain(loseOne(), Duration.ofHours(1)).toCompletableFuture();
    assertThat(drained).isNotDone();
    balancer.add(Servers.server(1)); // a lease is taken there, which is when leaks are looked for
    collectUntil(1);
    assertThat(drained).isCompletedWithValue(0);
  }

  @Test
  void lostLeaseHadTheLastPlace_thePlaceIsFreeAgain() {
    LoadBalancer full =
        LoadBalancer.builder()
            .servers(Servers.server(0))
            .maxConcurrent(1)
            .leakDetection(true)
            .build();
    full.acquire();
    Lease next = null;
    while (next == null) {
      System.gc();
      next = full.tryAcquire(Query.any());
    }
    next.close();
    assertThat(full.nodes().get(0).inFlight()).isZero();
    assertThat(full.stats().picks()).isEqualTo(2);
    assertThat(full.stats().neutral()).isEqualTo(2);
  }

  @Test
  void off_nothingIsWatched() {
    LoadBalancer plain = balancer(false);
    plain.acquire();
    loseOne(); // by when this one is found, the other would have been
    collectUntil(1);
    plain.acquire().close();
    assertThat(leaked).hasSize(1);
    assertThat(plain.nodes().get(0).inFlight()).isEqualTo(1);
  }

  private String loseOne() {
    return balancer.acquire().server().id();
  }

  /** The garbage collector does its work when it likes; the test's time-out bounds the wait. */
  private void collectUntil(int count) {
    while (leaked.size() < count) {
      collectOnce();
    }
  }

  private void collectOnce() {
    System.gc();
    balancer.acquire().close();
  }
}
