package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** In-flight counts return to zero, each lease counts once, and its first outcome is the one. */
class LeaseAccountingTest {

  enum Call {
    SUCCESS,
    FAILURE,
    CLOSE
  }

  private final LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
  private final Node node = balancer.nodes().get(0);

  @Test
  void lease_open_countsAsInFlight() {
    Lease lease = balancer.acquire();
    assertThat(node.inFlight()).isEqualTo(1);
    assertThat(node.picks()).isEqualTo(1);
    assertThat(lease.node()).isSameAs(node);
    lease.close();
    assertThat(node.inFlight()).isZero();
  }

  @Property(tries = 300)
  void anyCalls_inAnyOrder_countOnceAndTheFirstOutcomeBeforeTheEndWins(
      @ForAll @Size(max = 8) List<Call> calls) {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    Node node = balancer.nodes().get(0);
    Lease lease = balancer.acquire();
    calls.forEach(call -> make(call, lease));
    boolean closed = calls.contains(Call.CLOSE);
    Call first = calls.isEmpty() ? Call.CLOSE : calls.get(0);
    assertThat(node.inFlight()).isEqualTo(closed ? 0 : 1);
    assertThat(node.successes()).isEqualTo(first == Call.SUCCESS ? 1 : 0);
    assertThat(node.failures()).isEqualTo(first == Call.FAILURE ? 1 : 0);
    assertThat(node.picks()).isEqualTo(1);
  }

  @Test
  void sameLease_usedByManyThreads_countsOnce() throws Exception {
    int rounds = 3_000;
    Lease[] leases = new Lease[rounds];
    for (int i = 0; i < rounds; i++) {
      leases[i] = balancer.acquire();
    }
    Threads.run(
        6,
        index -> {
          for (Lease lease : leases) {
            make(Call.values()[index % 2], lease);
            make(Call.CLOSE, lease);
            make(Call.values()[(index + 1) % 2], lease);
          }
        });
    assertThat(node.inFlight()).isZero();
    assertThat(node.picks()).isEqualTo(rounds);
    assertThat(node.successes() + node.failures()).isEqualTo(rounds);
  }

  @Test
  void lease_outlivingItsServer_endsAsAnyOther() {
    Lease lease = balancer.acquire();
    balancer.remove("s0");
    balancer.add(Servers.server(0));
    lease.success();
    lease.close();
    assertThat(node.inFlight()).isZero();
    assertThat(node.successes()).isEqualTo(1);
    Node successor = balancer.nodes().get(0);
    assertThat(successor).isNotSameAs(node);
    assertThat(successor.picks() + successor.successes() + successor.inFlight()).isZero();
  }

  @Test
  void failureWithoutACause_isRefusedAndCountsNothing() {
    Lease lease = balancer.acquire();
    assertThatNullPointerException().isThrownBy(() -> lease.failure(null));
    lease.success();
    lease.close();
    assertThat(node.successes()).isEqualTo(1);
    assertThat(node.failures()).isZero();
  }

  @Test
  void toString_saysServerAndWhetherClosed() {
    Lease lease = balancer.acquire();
    assertThat(lease).hasToString("Lease of " + lease.server());
    lease.close();
    assertThat(lease).hasToString("Lease of " + lease.server() + ", closed");
  }

  private static void make(Call call, Lease lease) {
    switch (call) {
      case SUCCESS -> lease.success();
      case FAILURE -> lease.failure(new Exception("refused"));
      default -> lease.close();
    }
  }
}
