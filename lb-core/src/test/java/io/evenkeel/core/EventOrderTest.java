package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerRemoved;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Listeners hear of every change, in order, once it is in force, whatever other listeners do. */
class EventOrderTest {

  private final List<BalancerEvent> events = new ArrayList<>();

  @Test
  void changes_areHeardInOrder_andNothingOfWhatChangedNothing() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
    balancer.addListener(events::add);
    BlockOwner owner = balancer.claim(Block.EJECTED);
    Server s0 = Servers.server(0);
    Server s2 = Servers.server(2);
    balancer.add(s2);
    balancer.drain("s2");
    balancer.drain("s2");
    owner.set("s0", "5 failures in a row");
    balancer.resume("s2");
    balancer.resume("s2");
    owner.close();
    balancer.remove("s2");
    balancer.remove("s2");
    assertThat(events)
        .containsExactly(
            new ServerAdded(s2),
            new ServerBlocked(s2, Block.DRAINING, "drained by the operator"),
            new ServerBlocked(s0, Block.EJECTED, "5 failures in a row"),
            new ServerUnblocked(s2, Block.DRAINING, "resumed by the operator"),
            new ServerUnblocked(s0, Block.EJECTED, "nobody watches it any more"),
            new ServerRemoved(s2));
  }

  @Test
  void listener_seesTheStateAfterTheChange() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
    List<Integer> eligible = new ArrayList<>();
    balancer.addListener(event -> eligible.add(balancer.eligibleCount()));
    balancer.add(Servers.server(2));
    balancer.drain("s0");
    balancer.resume("s0");
    balancer.remove("s1");
    assertThat(eligible).containsExactly(3, 2, 3, 2);
  }

  /**
   * One thread delivers while another changes many servers in one go: the first of its events must
   * not overtake its snapshot.
   */
  @Test
  void changeByAnotherThread_whileEventsAreDelivered_isHeardOfOnceInForce() throws Exception {
    int n = 2_000;
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), n, 1);
    BlockOwner owner = balancer.claim(Block.PROBE_DOWN);
    Servers.numbered(n).forEach(server -> owner.set(server.id(), "refused"));
    Thread closer = new Thread(owner::close);
    AtomicInteger early = new AtomicInteger();
    AtomicInteger heard = new AtomicInteger();
    Node first = balancer.nodes().get(0);
    balancer.addListener(
        event -> {
          if (event instanceof ServerAdded) {
            closer.start();
            Threads.await(() -> first.blocks().isEmpty());
          } else if (event instanceof ServerUnblocked) {
            heard.incrementAndGet();
            if (balancer.eligibleCount() < n) {
              early.incrementAndGet();
            }
          }
        });
    balancer.add(Servers.server(n));
    closer.join();
    Threads.await(() -> heard.get() == n);
    assertThat(early).hasValue(0);
  }

  @Test
  void throwingListener_doesNotHurtTheOthersOrTheChange() {
    BalancerListener throwing =
        new BalancerListener() {
          @Override
          public void onEvent(BalancerEvent event) {
            throw new AssertionError("listener's own trouble");
          }

          @Override
          public String toString() {
            throw new IllegalStateException("not even a name");
          }
        };
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(2))
            .listener(throwing)
            .listener(events::add)
            .build();
    assertThat(balancer.drain("s0")).isTrue();
    assertThat(balancer.resume("s0")).isTrue();
    assertThat(events).hasSize(2);
  }

  /** Logging it throws as well; were that let through, nobody would ever deliver again. */
  @Test
  void listenersExceptionThatCannotBePrinted_doesNotStopTheDelivery() {
    class Unprintable extends RuntimeException {
      private static final long serialVersionUID = 1L;

      @Override
      public String getMessage() {
        throw new IllegalStateException("no message either");
      }
    }
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(2))
            .listener(
                event -> {
                  throw new Unprintable();
                })
            .listener(events::add)
            .build();
    assertThat(balancer.drain("s0")).isTrue();
    assertThat(balancer.resume("s0")).isTrue();
    assertThat(events).hasSize(2);
  }

  @Test
  void listenerThatChangesTheBalancer_getsThatEventAfterwards() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
    List<String> order = new ArrayList<>();
    balancer.addListener(
        event -> {
          order.add("begin " + name(event));
          if (event instanceof ServerAdded) {
            balancer.drain("s2");
            assertThat(Servers.node(balancer, "s2").blocks()).containsExactly(Block.DRAINING);
          }
          order.add("end " + name(event));
        });
    balancer.addListener(event -> order.add("second " + name(event)));
    balancer.add(Servers.server(2));
    assertThat(order)
        .containsExactly(
            "begin ServerAdded",
            "end ServerAdded",
            "second ServerAdded",
            "begin ServerBlocked",
            "end ServerBlocked",
            "second ServerBlocked");
  }

  @Test
  void removedListener_hearsNoMore() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
    BalancerListener listener = events::add;
    balancer.addListener(listener);
    balancer.drain("s0");
    balancer.removeListener(listener);
    balancer.resume("s0");
    assertThat(events).hasSize(1);
  }

  /** The history that each listener heard, replayed over the first state, gives the last one. */
  @Test
  void concurrentChanges_everyListener_hearsOneHistoryThatReplaysToTheFinalState()
      throws Exception {
    long seed = Threads.seed();
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 4, seed);
    List<BlockOwner> owners =
        List.of(
            balancer.claim(Block.PROBE_DOWN),
            balancer.claim(Block.EJECTED),
            balancer.claim(Block.CIRCUIT_OPEN));
    // Plain lists on purpose: events come one at a time, each happening after the one before.
    List<BalancerEvent> one = new ArrayList<>();
    List<BalancerEvent> other = new ArrayList<>();
    AtomicBoolean inListener = new AtomicBoolean();
    AtomicBoolean overlapped = new AtomicBoolean();
    balancer.addListener(
        event -> {
          if (!inListener.compareAndSet(false, true)) {
            overlapped.set(true);
          }
          one.add(event);
          inListener.set(false);
        });
    balancer.addListener(other::add);
    Threads.run(
        6,
        index -> {
          Random random = new Random(seed + index);
          for (int i = 0; i < 1_500; i++) {
            String id = "s" + random.nextInt(8);
            BlockOwner owner = owners.get(random.nextInt(owners.size()));
            try {
              switch (random.nextInt(6)) {
                case 0 -> balancer.add(Servers.named(id));
                case 1 -> balancer.remove(id);
                case 2 -> balancer.drain(id);
                case 3 -> balancer.resume(id);
                case 4 -> owner.set(id, "test");
                default -> owner.clear(id, "test");
              }
            } catch (IllegalArgumentException e) {
              assertThat(e).hasMessageMatching(".*(is not a member|is there already).*");
            }
          }
        });
    assertThat(overlapped).as("seed %d", seed).isFalse();
    assertThat(other).as("seed %d", seed).isEqualTo(one);
    assertThat(replay(Servers.numbered(4), one)).as("seed %d", seed).isEqualTo(state(balancer));
  }

  private static Map<String, Set<Block>> replay(List<Server> start, List<BalancerEvent> events) {
    Map<String, Set<Block>> state = new LinkedHashMap<>();
    start.forEach(server -> state.put(server.id(), EnumSet.noneOf(Block.class)));
    for (BalancerEvent event : events) {
      String id = event.server().id();
      if (event instanceof ServerAdded) {
        assertThat(state.put(id, EnumSet.noneOf(Block.class))).isNull();
      } else if (event instanceof ServerRemoved) {
        assertThat(state.remove(id)).isNotNull();
      } else if (event instanceof ServerBlocked blocked) {
        assertThat(state.get(id).add(blocked.block())).isTrue();
      } else if (event instanceof ServerUnblocked unblocked) {
        assertThat(state.get(id).remove(unblocked.block())).isTrue();
      }
    }
    return state;
  }

  private static Map<String, Set<Block>> state(LoadBalancer balancer) {
    Map<String, Set<Block>> state = new LinkedHashMap<>();
    balancer.nodes().forEach(node -> state.put(node.server().id(), node.blocks()));
    return state;
  }

  private static String name(BalancerEvent event) {
    return event.getClass().getSimpleName();
  }
}
