package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.EnumSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Only who is eligible is picked; with no one eligible, the caller hears why of each. */
class EligibilityTest {

  @Property(tries = 100)
  void someBlocked_picks_goToTheEligibleOnly(
      @ForAll @Size(max = 6) Set<@IntRange(max = 6) Integer> blocked, @ForAll long seed) {
    for (String name : Selectors.names()) {
      LoadBalancer balancer = Servers.balancer(Selectors.named(name), 7, seed);
      BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
      blocked.forEach(i -> prober.set("s" + i, "refused"));
      assertThat(balancer.eligibleCount()).isEqualTo(7 - blocked.size());
      assertThat(Servers.counts(Servers.picks(balancer, 400)).keySet())
          .as(name)
          .hasSize(7 - blocked.size())
          .noneMatch(id -> blocked.contains(Integer.parseInt(id.substring(1))));
    }
  }

  @Test
  void everyBlock_alone_keepsAServerFromBeingPicked() {
    for (Block block : EnumSet.of(Block.PROBE_DOWN, Block.EJECTED, Block.CIRCUIT_OPEN)) {
      LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
      BlockOwner owner = balancer.claim(block);
      assertThat(owner.set("s0", "test")).isTrue();
      assertThat(owner.set("s0", "test")).isFalse();
      assertThat(Servers.picks(balancer, 10)).containsOnly("s1");
      assertThat(balancer.nodes().get(0).blocks()).containsExactly(block);
      assertThat(owner.clear("s0", "test")).isTrue();
      assertThat(owner.clear("s0", "test")).isFalse();
      assertThat(Servers.picks(balancer, 10)).contains("s0");
    }
  }

  @Test
  void weightZero_receivesNothingNew() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.server(0).withWeight(0), Servers.server(1))
            .selector(Selectors.roundRobin())
            .build();
    assertThat(balancer.eligibleCount()).isEqualTo(1);
    assertThat(balancer.nodes().get(0).isEligible()).isFalse();
    assertThat(Servers.picks(balancer, 10)).containsOnly("s1");
  }

  @Test
  void noneEligible_acquire_namesEveryServerAndWhatIsAgainstIt() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(4))
            .servers(Servers.server(4).withWeight(0))
            .build();
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    BlockOwner ejector = balancer.claim(Block.EJECTED);
    balancer.drain("s0");
    prober.set("s1", "refused");
    prober.set("s2", "refused");
    ejector.set("s2", "5 failures in a row");
    Query query = Query.any().excluding(Servers.node(balancer, "s3"));

    assertThat(balancer.tryAcquire(query)).isNull();
    NoServerAvailableException thrown =
        catchThrowableOfType(NoServerAvailableException.class, () -> balancer.acquire(query));
    assertThat(thrown)
        .hasMessage(
            "no server available of 5: s0 DRAINING (drained by the operator), s1 PROBE_DOWN (refused),"
                + " s2 PROBE_DOWN (refused), EJECTED (5 failures in a row), s3 already tried,"
                + " s4 weight 0");
    assertThat(thrown.blocks().keySet()).containsExactly("s0", "s1", "s2", "s3", "s4");
    assertThat(thrown.blocks())
        .containsEntry("s0", Set.of(Block.DRAINING))
        .containsEntry("s2", Set.of(Block.PROBE_DOWN, Block.EJECTED))
        .containsEntry("s3", Set.of())
        .containsEntry("s4", Set.of());
  }

  @Test
  void exception_tellsOfTheTimeOfThePick_whateverChangesLater() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    balancer.drain("s0");
    NoServerAvailableException thrown =
        catchThrowableOfType(NoServerAvailableException.class, balancer::acquire);
    balancer.resume("s0");
    assertThat(thrown.blocks()).containsEntry("s0", Set.of(Block.DRAINING));
  }

  @Test
  void manyServers_noneEligible_namesTheFirstTen() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 12, 1);
    Servers.numbered(12).forEach(server -> balancer.drain(server.id()));
    NoServerAvailableException thrown =
        catchThrowableOfType(NoServerAvailableException.class, balancer::acquire);
    assertThat(thrown)
        .hasMessageContaining("of 12: s0 DRAINING")
        .hasMessageContaining("s9 DRAINING")
        .hasMessageNotContaining("s10")
        .hasMessageEndingWith(", …");
    assertThat(thrown.blocks()).hasSize(12);
  }

  @Test
  void noMembersLeft_acquire_saysSo() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    assertThat(balancer.remove("s0")).isTrue();
    assertThat(balancer.remove("s0")).isFalse();
    assertThatThrownBy(balancer::acquire)
        .isInstanceOf(NoServerAvailableException.class)
        .hasMessage("no server available: the balancer has no members");
    balancer.add(Servers.server(0));
    assertThat(Servers.pick(balancer)).isEqualTo("s0");
  }

  @Test
  void failedPick_leavesNothingInFlight() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    balancer.drain("s0");
    assertThatThrownBy(balancer::acquire).isInstanceOf(NoServerAvailableException.class);
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
    assertThat(balancer.nodes().get(0).picks()).isZero();
  }

  @Test
  void exception_serialised_keepsItsMessage() throws Exception {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    balancer.drain("s0");
    NoServerAvailableException thrown =
        catchThrowableOfType(NoServerAvailableException.class, balancer::acquire);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(thrown);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      NoServerAvailableException read = (NoServerAvailableException) in.readObject();
      assertThat(read).hasMessage(thrown.getMessage());
      assertThat(read.blocks()).isEmpty();
    }
  }
}
