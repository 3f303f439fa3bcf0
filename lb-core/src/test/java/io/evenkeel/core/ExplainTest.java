package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Explanation.Standing;
import io.evenkeel.core.Explanation.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** What is explained is what happens, and explaining it changes nothing. */
class ExplainTest {

  private final VirtualTime time = new VirtualTime();

  @Test
  void everyReason_isNamed_forEachMember() {
    LoadBalancer balancer =
        builder()
            .servers(Servers.numbered(4))
            .servers(Servers.named("weightless").withWeight(0))
            .servers(Servers.named("backup").withTier(1))
            .servers(Servers.named("full"))
            .maxConcurrent(1)
            .build();
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    prober.set("s1", "refused");
    time.advance(Duration.ofSeconds(192));
    balancer.drain("s1");
    Query query = Query.any().excluding(Servers.node(balancer, "s2"));
    Query onlyFull = query;
    for (Node node : balancer.nodes()) {
      if (!node.server().id().equals("full")) {
        onlyFull = onlyFull.excluding(node);
      }
    }
    Lease lease = balancer.acquire(onlyFull);
    assertThat(lease.server().id()).isEqualTo("full");

    Explanation explanation = balancer.explain(query);
    Server next = explanation.next();
    assertThat(next).isNotNull();
    Server other = Servers.server(next.id().equals("s0") ? 3 : 0);
    assertThat(explanation.servers())
        .containsExactly(
            next.id().equals("s0")
                ? new Standing(next, Verdict.NEXT, "")
                : new Standing(other, Verdict.POSSIBLE, ""),
            new Standing(
                Servers.server(1),
                Verdict.BLOCKED,
                "DRAINING for 0s (drained by the operator), PROBE_DOWN for 3m12s (refused)"),
            new Standing(Servers.server(2), Verdict.TRIED, ""),
            next.id().equals("s3")
                ? new Standing(next, Verdict.NEXT, "")
                : new Standing(other, Verdict.POSSIBLE, ""),
            new Standing(Servers.named("weightless").withWeight(0), Verdict.WEIGHT_ZERO, ""),
            new Standing(
                Servers.named("backup").withTier(1),
                Verdict.LATER_TIER,
                "tier 1, while tier 0 is in use"),
            new Standing(Servers.named("full"), Verdict.AT_LIMIT, "1 in flight"));
    assertThat(explanation.isAnyAvailable()).isTrue();
    assertThat(explanation.toString())
        .startsWith("next: " + next + "\n")
        .contains("\n  s1 (10.0.0.1:80): BLOCKED, DRAINING for 0s")
        .contains("\n  s2 (10.0.0.1:80): TRIED\n")
        .endsWith("\n  full (10.0.0.1:80): AT_LIMIT, 1 in flight");
    assertThat(Servers.pick(balancer, query)).isEqualTo(next.id());
  }

  @Test
  void chance_isLeftToTheSelector() {
    LoadBalancer balancer =
        builder().servers(Servers.numbered(2)).selector(Selectors.random()).build();
    Explanation explanation = balancer.explain(Query.any());
    assertThat(explanation.next()).isNull();
    assertThat(explanation.isAnyAvailable()).isTrue();
    assertThat(explanation.servers()).extracting(Standing::verdict).containsOnly(Verdict.POSSIBLE);
    assertThat(explanation.toString()).startsWith("next: the selector decides, of 2\n");
  }

  @Test
  void nobody_isAvailable() {
    LoadBalancer balancer = builder().servers(Servers.numbered(1)).build();
    balancer.maintain("s0");
    Explanation explanation = balancer.explain(Query.any());
    assertThat(explanation.next()).isNull();
    assertThat(explanation.isAnyAvailable()).isFalse();
    assertThat(explanation)
        .hasToString(
            "next: none is available\n"
                + "  s0 (10.0.0.1:80): BLOCKED, MAINTENANCE for 0s (in maintenance by the"
                + " operator)");
    balancer.remove("s0");
    assertThat(balancer.explain(Query.any())).hasToString("next: none is available");
  }

  @Test
  void panic_isSaid() {
    LoadBalancer balancer = builder().servers(Servers.numbered(2)).panicThreshold(1).build();
    balancer.claim(Block.PROBE_DOWN).set("s0", "refused");
    assertThat(balancer.explain(Query.any()).servers())
        .filteredOn(standing -> standing.server().id().equals("s0"))
        .extracting(Standing::reason)
        .containsExactly("in a panic, in spite of PROBE_DOWN for 0s (refused)");
    balancer.drain("s0");
    assertThat(balancer.explain(Query.any()).servers().get(0).verdict()).isEqualTo(Verdict.BLOCKED);
  }

  @Test
  void firstTierIsFull_theBackupIsNext() {
    LoadBalancer balancer =
        builder()
            .servers(Servers.server(0), Servers.named("backup").withTier(1))
            .maxConcurrent(1)
            .build();
    balancer.acquire();
    Explanation explanation = balancer.explain(Query.any());
    assertThat(explanation.servers())
        .extracting(Standing::verdict)
        .containsExactly(Verdict.AT_LIMIT, Verdict.NEXT);
    assertThat(Servers.pick(balancer)).isEqualTo("backup");
  }

  @Test
  void usersOwnPeek_isAsked_andWhatItThrowsIsPassedOn() {
    IllegalStateException mine = new IllegalStateException("mine");
    LoadBalancer balancer =
        builder()
            .servers(Servers.numbered(1))
            .selector(
                (candidates, previous) ->
                    new Selector() {
                      @Override
                      public Node select(Query query) {
                        return candidates.eligible().get(0);
                      }

                      @Override
                      public Node peek(Query query) {
                        throw mine;
                      }
                    })
            .build();
    assertThatThrownBy(() -> balancer.explain(Query.any())).isSameAs(mine);
    assertThatThrownBy(() -> balancer.explain((Query) null))
        .isInstanceOf(NullPointerException.class);
    assertThat(Servers.pick(balancer)).isEqualTo("s0");
  }

  /**
   * Two balancers of one seed live the same life, one of them explained before every pick: both
   * pick the same, and each explanation names the pick, where it names one.
   */
  @Property(tries = 40)
  void explanations_comeTrue_andLeaveNoTrace(@ForAll long seed) {
    for (String name : Selectors.names()) {
      Random random = new Random(seed);
      LoadBalancer explained = varied(name, seed);
      LoadBalancer plain = varied(name, seed);
      List<Lease> open = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        int choice = random.nextInt(1_000);
        if (choice % 10 == 0) {
          for (LoadBalancer balancer : List.of(explained, plain)) {
            if (!balancer.drain("s" + choice % 5)) {
              balancer.resume("s" + choice % 5);
            }
          }
        }
        Query query = Query.any();
        Query same = Query.any();
        for (int t = 0; t < 6 && choice % 3 == 0; t++) {
          if (random.nextInt(3) == 0) {
            query = query.excluding(explained.nodes().get(t));
            same = same.excluding(plain.nodes().get(t));
          }
        }
        Explanation explanation = explained.explain(query);
        Lease lease = explained.tryAcquire(query);
        Lease other = plain.tryAcquire(same);
        int pick = i;
        Supplier<String> text =
            () -> name + ", seed " + seed + ", pick " + pick + ": " + explanation;
        assertThat(lease == null).as(text).isEqualTo(other == null);
        assertThat(explanation.isAnyAvailable()).as(text).isEqualTo(lease != null);
        if (lease == null || other == null) {
          continue;
        }
        if ((name.endsWith("round_robin") || name.equals("least_connections"))
            && query.triedCount() == 0
            && open.isEmpty()) {
          assertThat(explanation.next()).as(text).isNotNull();
        }
        assertThat(lease.server()).as(text).isEqualTo(other.server());
        assertThat(explanation.next()).as(text).isIn(null, lease.server());
        boolean foreseen =
            explanation.servers().stream()
                .filter(standing -> standing.server().equals(lease.server()))
                .anyMatch(
                    standing ->
                        standing.verdict() == Verdict.NEXT
                            || standing.verdict() == Verdict.POSSIBLE);
        assertThat(foreseen).as(text).isTrue();
        open.add(lease);
        open.add(other);
        while (open.size() > 2 * (choice % 7)) {
          open.remove(0).close();
        }
      }
    }
  }

  private LoadBalancer varied(String name, long seed) {
    LoadBalancerBuilder builder =
        builder().selector(Selectors.named(name)).seed(seed).maxConcurrent(2);
    for (int i = 0; i < 5; i++) {
      builder.servers(Servers.server(i).withWeight(1 + 3 * i).withTier(i == 4 ? 1 : 0));
    }
    return builder.servers(Servers.named("last").withTier(2)).build();
  }

  private LoadBalancerBuilder builder() {
    return LoadBalancer.builder().clock(time).scheduler(time).seed(1);
  }
}
