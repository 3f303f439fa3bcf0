package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** When all is quiet the total is what the eligible nodes have in flight, whatever was before. */
class InFlightTotalTest {

  /** The last selector made. */
  private BoundedSelector bounded;

  private boolean refuses;

  private final Selector.Factory factory =
      (candidates, previous) -> {
        BoundedSelector made =
            (BoundedSelector)
                Selectors.leastConnections().bounded(0.5).create(candidates, previous);
        if (refuses) {
          throw new IllegalStateException("refused");
        }
        bounded = made;
        return made;
      };

  @Property(tries = 150)
  void anyChangesAndLeases_totalIsThatOfTheEligibleNodes(@ForAll long seed) {
    Random random = new Random(seed);
    refuses = false;
    LoadBalancer balancer = Servers.balancer(factory, 5, seed);
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      String id = "s" + random.nextInt(7);
      boolean isMember = balancer.nodes().stream().anyMatch(n -> n.server().id().equals(id));
      switch (random.nextInt(7)) {
        case 0 -> {
          boolean unused = isMember && (balancer.drain(id) || balancer.resume(id));
        }
        case 1 -> {
          if (!isMember) {
            balancer.add(Servers.named(id));
          } else if (balancer.nodes().size() > 1) {
            balancer.remove(id);
          }
        }
        case 2 -> {
          if (isMember) {
            balancer.update(Servers.named(id).withWeight(random.nextInt(4)));
          }
        }
        case 3 -> {
          if (isMember) {
            refuses = true;
            assertThatThrownBy(() -> balancer.update(Servers.named(id).withWeight(77)))
                .hasMessage("refused");
            refuses = false;
          }
        }
        case 4 -> {
          if (!leases.isEmpty()) {
            leases.remove(random.nextInt(leases.size())).close();
          }
        }
        default -> {
          Lease lease = balancer.tryAcquire(Query.any());
          if (lease != null) {
            leases.add(lease);
          }
        }
      }
      assertThat(bounded.totalInFlight()).isEqualTo(inFlight(balancer));
    }
  }

  /** Leases taken over one snapshot and ended over another, by threads, while they are replaced. */
  @Test
  void manyThreadsLeasing_underChanges_afterwardsTheTotalIsRight() throws Exception {
    long seed = Threads.seed();
    for (int round = 0; round < 20; round++) {
      LoadBalancer balancer = Servers.balancer(factory, 3, seed + round);
      long roundSeed = seed + round;
      List<List<Lease>> held = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        held.add(new ArrayList<>());
      }
      Threads.run(
          4,
          index -> {
            Random random = new Random(roundSeed * 31 + index);
            List<Lease> mine = held.get(index);
            for (int i = 0; i < 2_000; i++) {
              if (index == 0) {
                String id = "s" + random.nextInt(2); // the third is always there
                boolean unused = balancer.drain(id) || balancer.resume(id);
              } else if (mine.size() > 5 || (!mine.isEmpty() && random.nextBoolean())) {
                mine.remove(random.nextInt(mine.size())).close();
              } else {
                mine.add(balancer.acquire());
              }
            }
          });
      assertThat(bounded.totalInFlight()).as("seed %d", roundSeed).isEqualTo(inFlight(balancer));
      balancer.resume("s0");
      balancer.resume("s1");
      assertThat(bounded.totalInFlight())
          .as("seed %d", roundSeed)
          .isEqualTo(held.stream().mapToInt(List::size).sum());
      held.forEach(mine -> mine.forEach(Lease::close));
      assertThat(bounded.totalInFlight()).as("seed %d", roundSeed).isZero();
    }
  }

  private static long inFlight(LoadBalancer balancer) {
    return balancer.nodes().stream().filter(Node::isEligible).mapToLong(Node::inFlight).sum();
  }
}
