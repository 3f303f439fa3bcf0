package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Watches are told from their snapshot's building on until another is in force, and no longer. */
class LoadWatchTest {

  private static final class Told implements LoadWatch {
    private int more;
    private int less;

    @Override
    public void worsened(int leaf) {
      more++;
    }

    @Override
    public void improved(int leaf) {
      less++;
    }

    private int sum() {
      return more + less;
    }
  }

  /** One for each selector made. */
  private final List<Told> made = new ArrayList<>();

  private Runnable whileBuilding = () -> {};

  private final LoadBalancer balancer =
      Servers.balancer(
          (candidates, previous) -> {
            Told told = new Told();
            made.add(told);
            candidates.watch(told);
            whileBuilding.run();
            return Selectors.roundRobin().create(candidates, null);
          },
          3,
          1);

  @Test
  void afterChanges_onlyTheLastIsTold() {
    for (int i = 0; i < 5; i++) {
      balancer.drain("s0");
      balancer.resume("s0");
    }
    balancer.acquire().close();
    Told last = made.remove(made.size() - 1);
    assertThat(last.more).isEqualTo(1);
    assertThat(last.less).isEqualTo(1);
    assertThat(made).hasSize(10).allSatisfy(told -> assertThat(told.sum()).isZero());
  }

  @Test
  void whileASnapshotIsBuilt_itsWatchAndTheOneBeforeAreTold() {
    whileBuilding = () -> balancer.acquire().close();
    balancer.update(Servers.server(0).withWeight(7));
    assertThat(made).extracting(Told::sum).containsExactly(2, 2);
  }

  @Test
  void refusedChange_itsWatchIsToldNoMore_theOneInForceIs() {
    whileBuilding =
        () -> {
          throw new IllegalStateException("refused");
        };
    assertThatThrownBy(() -> balancer.drain("s0")).hasMessage("refused");
    balancer.acquire().close();
    assertThat(made).extracting(Told::sum).containsExactly(2, 0);
  }

  @Test
  void removedOrBlockedServer_tellsNobody() {
    List<Lease> leases = List.of(balancer.acquire(), balancer.acquire(), balancer.acquire());
    balancer.remove("s0");
    balancer.drain("s1");
    leases.forEach(Lease::close);
    assertThat(made).extracting(Told::sum).containsExactly(3, 0, 1);
  }
}
