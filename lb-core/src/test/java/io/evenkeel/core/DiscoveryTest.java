package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** A balancer and its source: good lists become the members, nothing else does. */
class DiscoveryTest {

  private final Server a = Server.of("10.0.0.1", 80);
  private final Server b = Server.of("10.0.0.2", 80);
  private final Server c = Server.of("10.0.0.3", 80);
  private final Hand hand = new Hand();

  /** A source that says what the test says. */
  private static final class Hand implements ServerSource {
    private Sink sink;
    private int closed;

    @Override
    public AutoCloseable start(Sink sink) {
      this.sink = sink;
      return () -> closed++;
    }

    void says(Server... servers) {
      sink.update(Arrays.asList(servers));
    }

    @Override
    public String toString() {
      return "a hand";
    }
  }

  private static List<Server> members(LoadBalancer balancer) {
    return balancer.nodes().stream().map(Node::server).toList();
  }

  @Test
  void noAnswerYet_pickSaysSo_andReadyWaits() {
    LoadBalancer balancer = LoadBalancer.builder().source(hand).build();
    CompletableFuture<Void> ready = balancer.ready().toCompletableFuture();
    assertThat(ready).isNotDone();
    assertThatThrownBy(balancer::acquire)
        .isInstanceOf(NoServerAvailableException.class)
        .hasMessage("no server available: discovery has no answer yet");
    hand.sink.failed(new IOException("the registry is on fire"));
    assertThatThrownBy(balancer::acquire)
        .hasMessage("no server available: discovery has no answer yet (the registry is on fire)");
    assertThat(ready).isNotDone();

    hand.says(a, b);
    assertThat(ready).isCompleted();
    assertThat(Servers.picks(balancer, 2)).containsExactlyInAnyOrder(a.id(), b.id());
  }

  @Test
  void fixedSource_isThereWhenTheBalancerIs() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.builder().source(ServerSource.of(a, b)).build()) {
      assertThat(members(balancer)).containsExactly(a, b);
      assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    }
  }

  @Test
  void withoutASource_isReady_andNeedsNoClosing() {
    LoadBalancer balancer = LoadBalancer.builder().servers(a).build();
    assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    balancer.close();
    balancer.close();
    assertThat(Servers.pick(balancer)).isEqualTo(a.id());
  }

  @Test
  void serversGivenToo_areTheInitialList() {
    LoadBalancer balancer = LoadBalancer.builder().servers(a).source(hand).build();
    Node nodeOfA = balancer.nodes().get(0);
    assertThat(Servers.pick(balancer)).isEqualTo(a.id());
    assertThat(balancer.ready().toCompletableFuture()).isNotDone();
    hand.says(b, a);
    assertThat(members(balancer)).containsExactly(a, b);
    assertThat(balancer.nodes().get(0)).isSameAs(nodeOfA);
  }

  @Test
  void refresh_isADiff_drainsAndCountersStay() {
    LoadBalancer balancer = LoadBalancer.builder().source(hand).build();
    hand.says(a, b);
    Lease lease = balancer.acquire();
    Node node = lease.node();
    balancer.drain(node.server().id());
    hand.says(c, b.withWeight(2), a.withWeight(2));
    assertThat(balancer.nodes()).contains(node);
    assertThat(node.inFlight()).isEqualTo(1);
    assertThat(node.blocks()).containsExactly(Block.DRAINING);
    assertThat(node.weight()).isEqualTo(2);
    lease.close();
  }

  @Test
  void garbage_isRefused_theLastListStays_andEachKindIsToldOnce() {
    try (StandardError log = new StandardError()) {
      LoadBalancer balancer = LoadBalancer.builder().source(hand).build();
      hand.says(a, b);
      for (int i = 0; i < 3; i++) {
        hand.says(a, null);
        hand.says(c, c);
        hand.sink.update(null);
        hand.sink.failed(null);
        hand.sink.failed(new IllegalStateException("registry gone"));
        hand.sink.failed(
            new RuntimeException() {
              private static final long serialVersionUID = 1L;

              @Override
              public String getMessage() {
                throw new IllegalStateException("even this");
              }
            });
        hand.says();
        assertThat(members(balancer)).containsExactly(a, b);
      }
      assertThat(log.lines("WARN"))
          .anyMatch(line -> line.contains("discovery by a hand: servers: a null among them"))
          .anyMatch(line -> line.contains("'10.0.0.3:80' is there already"))
          .anyMatch(line -> line.contains("registry gone; the last list stays"))
          .anyMatch(line -> line.contains("servers: none (expected: at least one)"))
          .hasSize(5);
      hand.says(a, b);
      assertThat(log.lines("INFO")).anyMatch(line -> line.contains("is well again, servers: 2"));
      hand.says();
      assertThat(log.lines("WARN")).as("told anew").hasSize(6);
    }
  }

  @Test
  void emptyList_whereAllowed_emptiesTheBalancer_andItFillsAgain() {
    LoadBalancer balancer = LoadBalancer.builder().source(hand).allowEmpty(true).build();
    hand.says();
    assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    assertThatThrownBy(balancer::acquire)
        .hasMessage("no server available: the balancer has no members");
    hand.says(a);
    hand.says();
    assertThat(members(balancer)).isEmpty();
    hand.says(b);
    assertThat(Servers.pick(balancer)).isEqualTo(b.id());
  }

  @Test
  void sourceThatCannotBegin_isTheBuildersFailure() {
    assertThatThrownBy(
            () ->
                LoadBalancer.builder()
                    .source(
                        sink -> {
                          throw new IllegalStateException("no such registry");
                        })
                    .build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no such registry");
    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancer.builder().source(sink -> null).build())
        .withMessageContaining("returned null from start");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().build())
        .withMessage("servers: none (expected: at least one)");
  }

  @Test
  void close_endsTheSourceOnce_picksGoOn_andWhatItSaysIsIgnored() {
    LoadBalancer balancer = LoadBalancer.builder().source(hand).build();
    hand.says(a);
    try (Lease lease = balancer.acquire()) {
      balancer.close();
      balancer.close();
      assertThat(hand.closed).isEqualTo(1);
      hand.says(b);
      hand.sink.failed(new IOException("too late"));
      assertThat(members(balancer)).containsExactly(a);
      assertThat(Servers.pick(balancer)).isEqualTo(a.id());
      lease.success();
    }
    assertThat(balancer.nodes().get(0).inFlight()).isZero();
    assertThat(balancer.update(List.of(b))).as("by hand").isTrue();
  }

  @Test
  void close_whileAListIsOnItsWay_theMembersStay() {
    LoadBalancer balancer = LoadBalancer.builder().source(hand).build();
    hand.says(a);
    hand.sink.update(
        new ArrayList<>(List.of(b)) {
          private static final long serialVersionUID = 1L;

          @Override
          public Object[] toArray() {
            balancer.close();
            return super.toArray();
          }
        });
    assertThat(members(balancer)).containsExactly(a);
  }

  @Test
  void close_beforeTheFirstAnswer_endsTheWait() {
    LoadBalancer balancer = LoadBalancer.builder().source(hand).build();
    CompletableFuture<Void> ready = balancer.ready().toCompletableFuture();
    balancer.close();
    assertThatThrownBy(ready::get)
        .isInstanceOfAny(CancellationException.class, ExecutionException.class);
  }

  @Test
  void close_thatThrows_goesNoFurther() {
    ServerSource stubborn =
        sink -> {
          sink.update(List.of(a));
          return () -> {
            throw new IOException("will not");
          };
        };
    LoadBalancer balancer = LoadBalancer.builder().source(stubborn).build();
    balancer.close();
    assertThat(members(balancer)).containsExactly(a);
  }

  @Test
  void selectorFactoryThatThrows_refusesTheList_andTheSourceHearsNothing() {
    AtomicBoolean broken = new AtomicBoolean();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .source(hand)
            .selector(
                (candidates, previous) -> {
                  if (broken.get()) {
                    throw new IllegalStateException("a user's bug");
                  }
                  return Selectors.roundRobin().create(candidates, previous);
                })
            .build();
    hand.says(a);
    broken.set(true);
    hand.says(a, b);
    assertThat(members(balancer)).containsExactly(a);
    broken.set(false);
    hand.says(a, b);
    assertThat(members(balancer)).containsExactly(a, b);
  }

  @Test
  void listenerThatClosesTheBalancer_isNoDeadlock() {
    AtomicReference<LoadBalancer> balancer = new AtomicReference<>();
    List<BalancerEvent> events = new ArrayList<>();
    balancer.set(
        LoadBalancer.builder()
            .source(hand)
            .listener(
                event -> {
                  events.add(event);
                  balancer.get().close();
                })
            .build());
    hand.says(a, b);
    hand.says(c);
    assertThat(events).hasSize(2);
    assertThat(members(balancer.get())).containsExactly(a, b);
  }

  @Test
  void manyThreadsAtOnce_oneOfTheirListsIsInForce_whole() throws Exception {
    LoadBalancer balancer = LoadBalancer.builder().source(hand).build();
    Threads.run(
        4,
        thread -> {
          for (int i = 0; i < 300; i++) {
            hand.says(
                Server.of("10.1." + thread + ".1", 80), Server.of("10.1." + thread + ".2", 80));
            if (i % 7 == 0) {
              hand.sink.failed(new IOException("thread " + thread));
            }
          }
        });
    List<String> hosts = members(balancer).stream().map(Server::host).toList();
    assertThat(hosts).hasSize(2);
    String zeroth = hosts.get(0).substring(0, hosts.get(0).lastIndexOf('.'));
    assertThat(hosts).containsExactlyInAnyOrder(zeroth + ".1", zeroth + ".2");
  }
}
