package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A gate lets in whom it lets in, at once, and hears one word of each. */
class GateTest {

  private final LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
  private final Node node = Servers.node(balancer, "s0");
  private final BlockOwner owner = balancer.claim(Block.CIRCUIT_OPEN);

  /** So many at once, however it ended. */
  private static final class Permits implements Gate {
    private final AtomicInteger free;
    private final AtomicInteger out = new AtomicInteger();
    private final List<String> words = new ArrayList<>();

    Permits(int n) {
      this.free = new AtomicInteger(n);
    }

    @Override
    public @Nullable OutcomeListener tryEnter() {
      if (free.getAndUpdate(n -> Math.max(0, n - 1)) == 0) {
        return null;
      }
      out.incrementAndGet();
      return new OutcomeListener() {
        @Override
        public void onSuccess(long latencyNanos) {
          said("success");
        }

        @Override
        public void onFailure(FailureKind kind, Throwable cause) {
          said(kind.name());
        }

        @Override
        public void onNeutral() {
          said("neutral");
        }
      };
    }

    private void said(String word) {
      synchronized (words) {
        words.add(word);
      }
      out.decrementAndGet();
      free.incrementAndGet();
    }

    @Override
    public @Nullable String refusal() {
      return free.get() == 0 ? "no permit is free" : null;
    }
  }

  @Test
  void shut_isInForceAtOnce_withoutASnapshot() {
    owner.gate(node, Gate.SHUT);
    assertThat(balancer.eligibleCount()).isEqualTo(2);
    assertThat(Servers.picks(balancer, 10)).containsOnly("s1");
    assertThat(balancer.explain(Query.any()).servers().get(0))
        .isEqualTo(new Explanation.Standing(node.server(), Explanation.Verdict.AT_LIMIT, "shut"));

    owner.gate(Servers.node(balancer, "s1"), Gate.SHUT);
    assertThat(balancer.tryAcquire(Query.any())).isNull();
    assertThatThrownBy(balancer::acquire).hasMessage("no server available of 2: s0 shut, s1 shut");
    owner.gate(node, null);
    assertThat(Servers.picks(balancer, 10)).containsOnly("s0");
  }

  @Test
  void eachWord_isHeardOnce_andTheUseEndsAsEver() {
    Permits permits = new Permits(3);
    owner.gate(node, permits);
    BlockOwner other = balancer.claim(Block.PROBE_DOWN);
    other.set("s1", "test");
    Lease one = balancer.acquire();
    Lease two = balancer.acquire();
    Lease three = balancer.acquire();
    assertThat(balancer.tryAcquire(Query.any())).isNull();
    assertThat(node.refusal(false)).isEqualTo("no permit is free");
    one.success();
    one.failure(new IllegalStateException());
    one.close();
    two.failure(new IllegalStateException());
    two.close();
    two.close();
    three.close();
    three.success();
    assertThat(permits.words).containsExactly("success", "OTHER", "neutral");
    assertThat(node.inFlight()).isZero();
    assertThat(node.picks()).isEqualTo(3);
  }

  @Test
  void twoGates_bothMustLetIn_andOneThatDidHearsThatItCameToNothing() {
    Permits permits = new Permits(1);
    BlockOwner other = balancer.claim(Block.EJECTED);
    other.gate(node, Gate.SHUT);
    owner.gate(node, permits);
    assertThat(Servers.picks(balancer, 4)).containsOnly("s1");
    assertThat(permits.out).hasValue(0);
    assertThat(permits.words).containsOnly("neutral");

    other.gate(node, null);
    balancer.claim(Block.PROBE_DOWN).set("s1", "test");
    Lease lease = balancer.acquire();
    assertThat(permits.out).hasValue(1);
    lease.close();
    other.gate(node, new Permits(5));
    lease = balancer.acquire();
    lease.success();
    assertThat(permits.words).endsWith("neutral", "success");
  }

  @Test
  void limit_holdsBehindAGate_andThePassComesBack() {
    LoadBalancer limited =
        LoadBalancer.builder().servers(Servers.numbered(1)).maxConcurrent(1).build();
    Permits permits = new Permits(2);
    limited.claim(Block.CIRCUIT_OPEN).gate(limited.nodes().get(0), permits);
    Lease lease = limited.acquire();
    assertThat(limited.tryAcquire(Query.any())).isNull();
    assertThat(permits.out).hasValue(1);
    lease.close();
    assertThat(permits.out).hasValue(0);
  }

  @Test
  void panic_goesPastGates() {
    LoadBalancer panicky =
        LoadBalancer.builder().servers(Servers.numbered(2)).panicThreshold(0.9).build();
    BlockOwner circuits = panicky.claim(Block.CIRCUIT_OPEN);
    Node first = panicky.nodes().get(0);
    circuits.gate(first, Gate.SHUT);
    assertThat(Servers.picks(panicky, 4)).containsOnly("s1");
    circuits.set("s0", "test");
    assertThat(panicky.isPanicking()).isTrue();
    assertThat(Servers.picks(panicky, 4)).contains("s0", "s1");
  }

  @Test
  void closedOwner_takesItsGatesWithIt_andSetsNoneAnyMore() {
    owner.gate(node, Gate.SHUT);
    BlockOwner other = balancer.claim(Block.EJECTED);
    other.gate(node, Gate.SHUT);
    owner.close();
    assertThat(Servers.picks(balancer, 4)).containsOnly("s1");
    other.close();
    assertThat(Servers.picks(balancer, 4)).contains("s0");
    assertThatIllegalStateException()
        .isThrownBy(() -> owner.gate(node, Gate.SHUT))
        .withMessage("block: CIRCUIT_OPEN: its owner is closed");
    assertThat(node.refusal(false)).isNull();
  }

  @Test
  void gateThatThrows_leasesNothing() {
    owner.gate(
        node,
        new Gate() {
          @Override
          public @Nullable OutcomeListener tryEnter() {
            throw new IllegalStateException("on purpose");
          }

          @Override
          public @Nullable String refusal() {
            return null;
          }
        });
    Permits permits = new Permits(1);
    balancer.claim(Block.EJECTED).gate(node, permits); // asked first
    balancer.claim(Block.PROBE_DOWN).set("s1", "test");
    assertThatThrownBy(balancer::acquire).hasMessage("on purpose");
    assertThat(node.inFlight()).isZero();
    assertThat(permits.out).hasValue(0);
  }

  @Test
  void leaseThatIsLost_givesItsPassBack() {
    LoadBalancer watched =
        LoadBalancer.builder().servers(Servers.numbered(1)).leakDetection(true).build();
    Permits permits = new Permits(1);
    watched.claim(Block.CIRCUIT_OPEN).gate(watched.nodes().get(0), permits);
    lose(watched);
    Threads.await(
        () -> {
          System.gc();
          Lease next = watched.tryAcquire(Query.any());
          if (next != null) {
            next.close();
          }
          return next != null;
        });
    assertThat(permits.words).containsExactly("neutral", "neutral");
  }

  private static void lose(LoadBalancer watched) {
    assertThat(watched.acquire()).isNotNull();
  }

  /** Gates come and go while threads pick: never more in than it lets in, all passes come back. */
  @Test
  void threads_neverMoreThanTheGateLetsIn() throws Exception {
    long seed = Threads.seed();
    System.out.println("seed " + seed);
    Permits permits = new Permits(3);
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    owner.gate(node, permits);
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger taken = new AtomicInteger();
    Threads.run(
        5,
        index -> {
          SplittableRandom random = new SplittableRandom(seed + index);
          if (index == 0) {
            for (int i = 0; i < 300; i++) {
              // Snapshots change under the picks, drains take some back.
              balancer.drain("s0", Duration.ofSeconds(10));
              balancer.resume("s0");
              prober.set("s1", "test");
              prober.clear("s1", "test");
            }
            done.set(true);
            return;
          }
          while (!done.get()) {
            Lease lease = balancer.tryAcquire(Query.any());
            if (lease == null) {
              continue;
            }
            if (lease.node() == node) {
              taken.incrementAndGet();
              assertThat(permits.out.get()).isBetween(1, 3);
            }
            if (random.nextBoolean()) {
              lease.success();
            }
            lease.close();
          }
        });
    assertThat(permits.out).hasValue(0);
    assertThat(permits.free).hasValue(3);
    assertThat(node.inFlight()).isZero();
    assertThat((long) taken.get()).isEqualTo(node.picks());
  }
}
