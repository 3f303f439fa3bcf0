package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Every owner's block stands for itself: no one clears another's. */
class BlockOwnershipTest {

  private static final Set<Block> CLAIMED =
      EnumSet.of(Block.PROBE_DOWN, Block.EJECTED, Block.CIRCUIT_OPEN);

  private final LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 3, 1);

  @Test
  void proberClears_drainAndEjection_stay() {
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    BlockOwner ejector = balancer.claim(Block.EJECTED);
    balancer.drain("s0");
    prober.set("s0", "refused");
    ejector.set("s0", "5 failures in a row");

    prober.clear("s0", "connected");
    assertThat(blocks("s0")).containsExactly(Block.DRAINING, Block.EJECTED);
    assertThat(balancer.resume("s0")).isTrue();
    assertThat(blocks("s0")).containsExactly(Block.EJECTED);
    assertThat(balancer.eligibleCount()).isEqualTo(2);
    ejector.clear("s0", "time served");
    assertThat(balancer.eligibleCount()).isEqualTo(3);
  }

  /** Any sequence of sets and clears by three owners and the operator, against a plain model. */
  @Property(tries = 100)
  void anySequence_blocks_areTheUnionOfWhatEachOwnerSet(
      @ForAll @Size(max = 60) List<@IntRange(max = 23) Integer> steps) {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 3, 1);
    Map<Block, BlockOwner> owners = new EnumMap<>(Block.class);
    CLAIMED.forEach(block -> owners.put(block, balancer.claim(block)));
    List<Set<Block>> model =
        List.of(
            EnumSet.noneOf(Block.class), EnumSet.noneOf(Block.class), EnumSet.noneOf(Block.class));
    Block[] kinds = {Block.DRAINING, Block.PROBE_DOWN, Block.EJECTED, Block.CIRCUIT_OPEN};
    for (int step : steps) {
      Block block = kinds[step % 4];
      int i = step / 4 % 3;
      boolean set = step < 12;
      boolean expected = set ? model.get(i).add(block) : model.get(i).remove(block);
      String id = "s" + i;
      boolean changed =
          block == Block.DRAINING
              ? set ? balancer.drain(id) : balancer.resume(id)
              : set ? owners.get(block).set(id, "test") : owners.get(block).clear(id, "test");
      assertThat(changed).isEqualTo(expected);
    }
    for (int i = 0; i < 3; i++) {
      assertThat(balancer.nodes().get(i).blocks()).isEqualTo(model.get(i));
    }
    assertThat((long) balancer.eligibleCount())
        .isEqualTo(model.stream().filter(Set::isEmpty).count());
  }

  @Test
  void closedOwner_takesItsOwnBlocksWithIt_andNoOthers() {
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    BlockOwner breaker = balancer.claim(Block.CIRCUIT_OPEN);
    prober.set("s0", "refused");
    prober.set("s1", "refused");
    breaker.set("s1", "3 failures in a row");
    balancer.drain("s2");

    prober.close();
    assertThat(blocks("s0")).isEmpty();
    assertThat(blocks("s1")).containsExactly(Block.CIRCUIT_OPEN);
    assertThat(blocks("s2")).containsExactly(Block.DRAINING);
    assertThat(Servers.picks(balancer, 5)).containsOnly("s0");
  }

  @Test
  void secondClaim_isRefused_untilTheFirstIsClosed() {
    BlockOwner first = balancer.claim(Block.EJECTED);
    assertThatIllegalStateException()
        .isThrownBy(() -> balancer.claim(Block.EJECTED))
        .withMessage("block: EJECTED has an owner in this balancer");
    first.close();
    BlockOwner second = balancer.claim(Block.EJECTED);
    second.set("s0", "test");
    first.close(); // again: must not touch what is now the second's
    assertThat(blocks("s0")).containsExactly(Block.EJECTED);
    assertThatIllegalStateException().isThrownBy(() -> balancer.claim(Block.EJECTED));
  }

  @Test
  void closedOwner_refuses() {
    BlockOwner owner = balancer.claim(Block.EJECTED);
    owner.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> owner.set("s0", "test"))
        .withMessage("block: EJECTED: its owner is closed");
    assertThatIllegalStateException().isThrownBy(() -> owner.clear("s0", "test"));
    balancer.claim(Block.EJECTED);
    assertThatIllegalStateException().isThrownBy(() -> owner.set("s0", "test"));
    assertThat(blocks("s0")).isEmpty();
  }

  @Test
  void operatorsBlocks_cannotBeClaimed() {
    for (Block block : EnumSet.of(Block.DRAINING, Block.MAINTENANCE)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> balancer.claim(block))
          .withMessage("block: " + block + " (expected: PROBE_DOWN, EJECTED or CIRCUIT_OPEN)");
    }
  }

  @Test
  void unknownServer_isNoChangeForAnOwner_andAnErrorForTheOperator() {
    BlockOwner owner = balancer.claim(Block.EJECTED);
    assertThat(owner.set("gone", "test")).isFalse();
    assertThat(owner.clear("gone", "test")).isFalse();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.drain("gone"))
        .withMessage("server: 'gone' is not a member");
    assertThatIllegalArgumentException().isThrownBy(() -> balancer.resume("gone"));
  }

  @Test
  void otherServersComeAndGo_blocks_stay() {
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    owner.set("s0", "refused");
    balancer.drain("s1");
    balancer.add(Servers.server(3));
    balancer.remove("s2");
    assertThat(blocks("s0")).containsExactly(Block.PROBE_DOWN);
    assertThat(blocks("s1")).containsExactly(Block.DRAINING);
    assertThat(Servers.picks(balancer, 5)).containsOnly("s3");
  }

  private Set<Block> blocks(String id) {
    return Servers.node(balancer, id).blocks();
  }
}
