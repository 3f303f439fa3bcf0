package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** A change happens whole or not at all. */
class ChangeAtomicityTest {

  private final List<BalancerEvent> events = new ArrayList<>();
  private boolean factoryThrows;
  private boolean factoryReturnsNull;

  private final LoadBalancer balancer =
      LoadBalancer.builder()
          .servers(Servers.numbered(3))
          .selector(
              (candidates, previous) -> {
                if (factoryThrows) {
                  throw new IllegalStateException("no selector today");
                }
                return factoryReturnsNull
                    ? null
                    : Selectors.roundRobin().create(candidates, previous);
              })
          .listener(events::add)
          .seed(1)
          .build();

  @Test
  void duplicateId_add_isRefusedAndNothingChanges() {
    List<Node> before = balancer.nodes();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.add(Servers.server(1).withWeight(9)))
        .withMessage("id: 's1' is there already (expected: unique ids)");
    assertThat(balancer.nodes()).isEqualTo(before);
    assertThat(balancer.nodes().get(1).weight()).isEqualTo(1);
    assertThat(events).isEmpty();
  }

  @Test
  void duplicateId_inTheBuilder_isRefusedAndNoneOfTheBatchIsAdded() {
    LoadBalancerBuilder builder = LoadBalancer.builder().servers(Servers.server(0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.servers(Servers.server(1), Servers.server(0)))
        .withMessage("id: 's0' is there already (expected: unique ids)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.servers(Servers.server(2), Servers.server(2)));
    assertThat(builder.build().nodes()).extracting(node -> node.server().id()).containsOnly("s0");
  }

  @Test
  void resumeOfADrainAndAMaintenance_isOneChange() {
    balancer.drain("s1");
    balancer.maintain("s1");
    events.clear();
    factoryThrows = true;
    assertThatIllegalStateException().isThrownBy(() -> balancer.resume("s1"));
    assertThat(Servers.node(balancer, "s1").blocks())
        .containsExactlyInAnyOrder(Block.DRAINING, Block.MAINTENANCE);
    assertThat(events).isEmpty();
    factoryThrows = false;
    assertThat(balancer.resume("s1")).isTrue();
    assertThat(Servers.node(balancer, "s1").blocks()).isEmpty();
    assertThat(events).hasSize(2);
  }

  @Test
  void resumeThatIsRefused_leavesTheDrainToEndAsItWould() {
    Lease lease = balancer.acquire();
    String id = lease.server().id();
    CompletableFuture<Integer> done = balancer.drain(id, Duration.ofHours(1)).toCompletableFuture();
    factoryThrows = true;
    assertThatIllegalStateException().isThrownBy(() -> balancer.resume(id));
    assertThat(done).isNotDone();
    lease.close();
    assertThat(done).isCompletedWithValue(0);
  }

  @Test
  void clockThatThrows_takesNoPlace() {
    boolean[] broken = {false};
    LoadBalancer one =
        LoadBalancer.builder()
            .servers(Servers.numbered(3))
            .selector(Selectors.peakEwma())
            .clock(
                () -> {
                  if (broken[0]) {
                    throw new IllegalStateException("no time");
                  }
                  return System.nanoTime();
                })
            .build();
    broken[0] = true;
    assertThatIllegalStateException().isThrownBy(one::acquire);
    assertThat(one.nodes())
        .allSatisfy(node -> assertThat(node.inFlight()).isZero())
        .allSatisfy(node -> assertThat(node.picks()).isZero());
  }

  @Test
  void noServers_build_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().build())
        .withMessage("servers: none (expected: at least one)");
  }

  @Test
  void throwingFactory_everyChange_isRefusedAndEverythingStays() {
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.set("s0", "refused");
    balancer.drain("s1");
    events.clear();
    List<Node> before = balancer.nodes();

    factoryThrows = true;
    List<Runnable> changes =
        List.of(
            () -> balancer.add(Servers.server(3)),
            () -> balancer.drain("s2"),
            () -> balancer.resume("s1"),
            () -> owner.set("s2", "refused"),
            () -> owner.clear("s0", "connected"),
            () -> balancer.remove("s2")); // an owner that closes is another thing: BlockBatchTest
    for (Runnable change : changes) {
      assertThatThrownBy(change::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("no selector today");
      assertThat(balancer.nodes()).isEqualTo(before);
      assertThat(balancer.nodes().get(0).blocks()).containsExactly(Block.PROBE_DOWN);
      assertThat(balancer.nodes().get(1).blocks()).containsExactly(Block.DRAINING);
      assertThat(balancer.nodes().get(2).blocks()).isEmpty();
      assertThat(balancer.eligibleCount()).isEqualTo(1);
      assertThat(Servers.picks(balancer, 3)).containsOnly("s2");
    }
    assertThat(events).isEmpty();

    factoryThrows = false;
    changes.forEach(Runnable::run);
    assertThat(events).hasSize(6);
    assertThat(Servers.picks(balancer, 9)).containsOnly("s0", "s1", "s3");
  }

  @Test
  void factoryThatReturnsNull_change_isRefusedAndPicksGoOn() {
    factoryReturnsNull = true;
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.add(Servers.server(3)))
        .withMessageContaining("returned null");
    assertThat(balancer.nodes()).hasSize(3);
    assertThat(Servers.picks(balancer, 3)).containsExactlyInAnyOrder("s0", "s1", "s2");
    assertThat(events).isEmpty();
  }

  /** A change inside a change would be overwritten by the outer one, built before it. */
  @Test
  void factoryThatChangesItsOwnBalancer_isRefused_andNothingIsHalfDone() {
    LoadBalancer[] own = new LoadBalancer[1];
    BlockOwner[] owner = new BlockOwner[1];
    List<Runnable> meddling =
        List.of(
            () -> own[0].add(Servers.server(9)),
            () -> own[0].remove("s0"),
            () -> own[0].drain("s0"),
            () -> owner[0].set("s0", "test"),
            () -> owner[0].close());
    AtomicReference<Runnable> meddler = new AtomicReference<>(() -> {});
    own[0] =
        LoadBalancer.builder()
            .servers(Servers.numbered(3))
            .selector(
                (candidates, previous) -> {
                  meddler.get().run();
                  return Selectors.roundRobin().create(candidates, previous);
                })
            .listener(events::add)
            .build();
    owner[0] = own[0].claim(Block.EJECTED);
    owner[0].set("s2", "test");
    events.clear();
    List<Node> before = own[0].nodes();
    for (Runnable change : meddling) {
      meddler.set(change);
      assertThatIllegalStateException()
          .isThrownBy(() -> own[0].drain("s1"))
          .withMessage("a selector's factory must not change the balancer that it builds for");
      meddler.set(() -> {});
      assertThat(own[0].nodes()).isEqualTo(before);
      assertThat(own[0].eligibleCount()).isEqualTo(2);
      assertThat(Servers.node(own[0], "s1").blocks()).isEmpty();
      assertThat(Servers.node(own[0], "s2").blocks()).containsExactly(Block.EJECTED);
      assertThat(events).isEmpty();
    }
    assertThat(own[0].drain("s1")).isTrue();
  }

  @Test
  void nodes_afterOtherChanges_areTheSameNodes() {
    List<Node> before = balancer.nodes();
    balancer.acquire(); // stays in flight
    balancer.add(Servers.server(3));
    balancer.drain("s0");
    assertThat(balancer.nodes().subList(0, 3))
        .usingElementComparator((a, b) -> a == b ? 0 : 1)
        .isEqualTo(before);
    assertThat(balancer.nodes().stream().mapToInt(Node::inFlight).sum()).isEqualTo(1);
    assertThat(before).hasSize(3);
    assertThatThrownBy(() -> before.remove(0)).isInstanceOf(UnsupportedOperationException.class);
  }
}
