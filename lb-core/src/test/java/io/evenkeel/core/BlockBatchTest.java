package io.evenkeel.core;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.BalancerEvent.ServerWeighed;
import io.evenkeel.core.BlockOwner.Change;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Many changes of one owner as one. */
class BlockBatchTest {

  private int built;
  private boolean broken;
  private final Selector.Factory counting =
      (candidates, previous) -> {
        built++;
        if (broken) {
          throw new IllegalStateException("broken selector");
        }
        return Selectors.weightedRoundRobin().create(candidates, previous);
      };

  @Example
  void change_ofTenThousand_buildsOneSnapshot_andSoDoesClose() {
    int n = 10_000;
    LoadBalancer balancer = Servers.balancer(counting, n, 1);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    List<BalancerEvent> events = new ArrayList<>();
    balancer.addListener(events::add);
    built = 0;

    assertThat(owner.change(IntStream.range(0, n).mapToObj(i -> set(i, "why " + i)).toList()))
        .isEqualTo(n);

    assertThat(built).isOne();
    assertThat(balancer.eligibleCount()).isZero();
    assertThat(events).hasSize(n);
    assertThat(events.get(4711))
        .isEqualTo(new ServerBlocked(Servers.server(4711), Block.PROBE_DOWN, "why 4711"));

    events.clear();
    owner.close();
    assertThat(built).isEqualTo(2);
    assertThat(balancer.eligibleCount()).isEqualTo(n);
    assertThat(events).hasSize(n);
  }

  /** What led to each is what one looks for afterwards; the end of an owner is one thing. */
  @Example
  void change_isLoggedOneByOne_andTheEndOfItsOwnerAsOne() {
    int n = 12;
    LoadBalancer balancer = Servers.balancer(counting, n, 1);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    try (StandardError log = new StandardError()) {
      owner.change(IntStream.range(0, n).mapToObj(i -> set(i, "why-" + i + ".")).toList());
      for (int i = 0; i < n; i++) {
        assertThat(log.lines("INFO", "PROBE_DOWN set (why-" + i + ".)"))
            .singleElement()
            .asString()
            .contains(" s" + i + " ");
      }
      owner.close();
      assertThat(log.lines("INFO", "PROBE_DOWN")).hasSize(n + 1);
    }
  }

  @Example
  void change_picks_seeAllOfItOrNone() {
    LoadBalancer balancer = Servers.balancer(counting, 4, 1);
    BlockOwner owner = balancer.claim(Block.EJECTED);
    owner.change(List.of(set(0, "a"), set(1, "a")));
    List<Integer> eligibleSeen = new ArrayList<>();
    balancer.addListener(event -> eligibleSeen.add(balancer.eligibleCount()));

    owner.change(List.of(clear(0, "b"), set(2, "b"), clear(1, "b"), set(3, "b")));

    assertThat(eligibleSeen).containsExactly(2, 2, 2, 2);
    assertThat(Servers.picks(balancer, 4)).containsOnly("s0", "s1");
  }

  @Example
  void change_thatChangesNothing_buildsNothing() {
    LoadBalancer balancer = Servers.balancer(counting, 2, 1);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    built = 0;

    assertThat(owner.change(List.of())).isZero();
    assertThat(owner.change(List.of(clear(0, "up"), Change.set("gone", "down")))).isZero();
    assertThat(owner.change(List.of(Change.weigh("s1", 100, "full")))).isZero();

    assertThat(built).isZero();
  }

  @Example
  void change_factoryThrows_nothingHasChanged() {
    LoadBalancer balancer = Servers.balancer(counting, 3, 1);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.set("s0", "down");
    List<BalancerEvent> events = new ArrayList<>();
    balancer.addListener(events::add);
    broken = true;

    assertThatThrownBy(
            () -> owner.change(List.of(clear(0, "up"), set(1, "d"), Change.weigh("s2", 5, "busy"))))
        .hasMessage("broken selector");

    assertThat(events).isEmpty();
    assertThat(Servers.node(balancer, "s0").blocks()).containsExactly(Block.PROBE_DOWN);
    assertThat(Servers.node(balancer, "s1").blocks()).isEmpty();
    assertThat(Servers.node(balancer, "s2").effectiveWeight()).isOne();
    broken = false;
    assertThat(owner.change(List.of(clear(0, "up"), set(1, "down")))).isEqualTo(2);
  }

  @Example
  void close_factoryThrows_givesTheKindUpAllTheSame() {
    LoadBalancer balancer = Servers.balancer(counting, 2, 1);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.change(List.of(set(0, "down"), Change.weigh("s1", 5, "busy")));
    owner.gate(Servers.node(balancer, "s1"), Gate.SHUT);
    owner.warn("blind", "it sees nothing");
    broken = true;

    assertThatThrownBy(owner::close).hasMessage("broken selector");

    assertThat(balancer.warnings()).noneMatch(warning -> warning.name().equals("blind"));
    assertThat(Servers.node(balancer, "s0").blocks()).isEmpty();
    assertThat(Servers.picks(balancer, 2)).containsOnly("s1"); // no gate, and the old snapshot
    broken = false;
    owner.close();
    balancer.claim(Block.PROBE_DOWN).set("s1", "down");
    assertThat(Servers.picks(balancer, 2)).containsOnly("s0");
    assertThat(Servers.node(balancer, "s1").effectiveWeight()).isOne();
  }

  @Example
  void change_closedOwner_refuses() {
    LoadBalancer balancer = Servers.balancer(counting, 1, 1);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.close();
    assertThatIllegalStateException().isThrownBy(() -> owner.change(List.of(set(0, "down"))));
  }

  /** One by one, each with a snapshot of its own, is the model. */
  @Property(tries = 100)
  void change_anySequence_isAsOneByOne(
      @ForAll @Size(max = 40) List<@IntRange(max = 17) Integer> steps,
      @ForAll @IntRange(min = 1, max = 10) int batchSize) {
    LoadBalancer model = Servers.balancer(Selectors.roundRobin(), 3, 1);
    LoadBalancer batched = Servers.balancer(Selectors.roundRobin(), 3, 1);
    model.drain("s1");
    batched.drain("s1");
    List<BalancerEvent> expected = new ArrayList<>();
    List<BalancerEvent> events = new ArrayList<>();
    model.addListener(expected::add);
    batched.addListener(events::add);
    BlockOwner one = model.claim(Block.PROBE_DOWN);
    BlockOwner many = batched.claim(Block.PROBE_DOWN);
    List<Change> waiting = new ArrayList<>();
    for (int step : steps) {
      int server = step % 3;
      Change change =
          step < 6
              ? set(server, "down " + step)
              : step < 12
                  ? clear(server, "up " + step)
                  : Change.weigh("s" + server, step < 15 ? 50 : 100, "busy");
      one.change(List.of(change));
      waiting.add(change);
      if (waiting.size() == batchSize) {
        many.change(waiting);
        waiting.clear();
      }
    }
    many.change(waiting);

    assertThat(events).isEqualTo(expected);
    assertThat(batched.eligibleCount()).isEqualTo(model.eligibleCount());
    for (int i = 0; i < 3; i++) {
      Node node = Servers.node(batched, "s" + i);
      assertThat(node.blocks()).isEqualTo(Servers.node(model, "s" + i).blocks());
      assertThat(node.effectiveWeight()).isEqualTo(Servers.node(model, "s" + i).effectiveWeight());
    }
  }

  @Example
  void weigh_isTheShareOfItsPicks_overARefresh_untilItIsWeighedAgainOrTheOwnerCloses() {
    LoadBalancer balancer = Servers.balancer(Selectors.weightedRoundRobin(), 2, 3);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    List<BalancerEvent> events = new ArrayList<>();
    balancer.addListener(events::add);

    owner.change(List.of(Change.weigh("s0", 25, "busy")));
    assertThat(count(Servers.picks(balancer, 50))).isEqualTo(10);
    assertThat(Servers.node(balancer, "s0").effectiveWeight()).isEqualTo(0.25);
    assertThat(events)
        .containsExactly(new ServerWeighed(Servers.node(balancer, "s0").server(), 25, "busy"));

    Collection<Server> same =
        balancer.nodes().stream().map(node -> node.server().withWeight(6)).toList();
    balancer.update(same);
    assertThat(count(Servers.picks(balancer, 50))).isEqualTo(10);

    owner.change(List.of(Change.weigh("s0", 100, "idle")));
    assertThat(count(Servers.picks(balancer, 50))).isEqualTo(25);

    owner.change(List.of(Change.weigh("s0", 1, "busy")));
    events.clear();
    owner.close();
    assertThat(count(Servers.picks(balancer, 50))).isEqualTo(25);
    assertThat(events).hasSize(1).first().isInstanceOf(ServerWeighed.class);
  }

  /** 10 % of 1 % of weight 1 is still above 0: no server starves. */
  @Example
  void weigh_duringASlowStart_multiplies_andNeverStarves() {
    VirtualTime time = new VirtualTime();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.server(0))
            .selector(Selectors.weightedRoundRobin())
            .slowStart(ofSeconds(60), 1)
            .clock(time)
            .scheduler(time)
            .build();
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    balancer.add(Servers.server(1));
    owner.change(List.of(Change.weigh("s1", 1, "busy")));

    assertThat(Servers.node(balancer, "s1").effectiveWeight()).isEqualTo(0.001);
    assertThat(Servers.picks(balancer, 202)).contains("s1");
    time.advance(ofSeconds(60));
    assertThat(Servers.node(balancer, "s1").effectiveWeight()).isEqualTo(0.01);
    assertThat(time.pending()).isZero(); // a share is no slow start, and needs no timer
    balancer.close();
  }

  @Example
  void weigh_byAnotherOwner_orOutOfRange_isRefused() {
    LoadBalancer balancer = Servers.balancer(counting, 1, 1);
    BlockOwner ejector = balancer.claim(Block.EJECTED);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ejector.change(List.of(Change.weigh("s0", 50, "busy"))))
        .withMessage("block: EJECTED (expected: PROBE_DOWN, whose owner alone weighs servers)");
    for (int percent : new int[] {0, 101, -1}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Change.weigh("s0", percent, "busy"))
          .withMessage("percent: " + percent + " (expected: 1 to 100)");
    }
  }

  @Example
  void setThenClear_inOneBatch_areBothTold() {
    LoadBalancer balancer = Servers.balancer(counting, 1, 1);
    BlockOwner owner = balancer.claim(Block.EJECTED);
    List<BalancerEvent> events = new ArrayList<>();
    balancer.addListener(events::add);
    assertThat(owner.change(List.of(set(0, "a"), clear(0, "b")))).isEqualTo(2);
    assertThat(events)
        .containsExactly(
            new ServerBlocked(Servers.server(0), Block.EJECTED, "a"),
            new ServerUnblocked(Servers.server(0), Block.EJECTED, "b"));
    assertThat(balancer.eligibleCount()).isOne();
  }

  private static long count(List<String> picks) {
    return picks.stream().filter("s0"::equals).count();
  }

  private static Change set(int server, String cause) {
    return Change.set("s" + server, cause);
  }

  private static Change clear(int server, String cause) {
    return Change.clear("s" + server, cause);
  }
}
