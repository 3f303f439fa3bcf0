package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Another source takes the place of a balancer's: made before the one of now is let go of. */
class SourceChangeTest {

  private final Server a = Servers.named("a");
  private final Server b = Servers.named("b");
  private final Server c = Servers.named("c");

  private final List<String> log = new ArrayList<>();

  /** A source that says what the test says. */
  private final class Hand implements ServerSource {
    private final String name;
    private final Server[] first;
    private volatile Sink sink;

    Hand(String name, Server... first) {
      this.name = name;
      this.first = first;
    }

    @Override
    public AutoCloseable start(Sink sink) {
      log.add("start " + name);
      this.sink = sink;
      if (first.length > 0) {
        says(first);
      }
      return () -> log.add("close " + name);
    }

    void says(Server... servers) {
      sink.update(Arrays.asList(servers));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static List<String> members(LoadBalancer balancer) {
    return balancer.nodes().stream().map(node -> node.server().id()).toList();
  }

  @Test
  void oldMembersStay_untilTheNewSourceSpeaks_andTheOldIsHeardNoMore() {
    Hand one = new Hand("one", a, b);
    Hand two = new Hand("two");
    try (LoadBalancer balancer = LoadBalancer.builder().source(one).build()) {
      CompletableFuture<Void> first = balancer.ready().toCompletableFuture();
      assertThat(first).isCompleted();
      assertThat(balancer.change().source(two).apply()).isTrue();
      assertThat(log).containsExactly("start one", "start two", "close one");
      assertThat(members(balancer)).containsExactly("a", "b");
      assertThat(balancer.ready().toCompletableFuture()).isNotDone();
      one.says(c);
      assertThat(members(balancer)).containsExactly("a", "b");
      two.says(b, c);
      assertThat(members(balancer)).containsExactly("b", "c");
      assertThat(balancer.ready().toCompletableFuture()).isCompleted();
      one.says(a);
      one.sink.failed(new IllegalStateException("late"));
      assertThat(members(balancer)).containsExactly("b", "c");

      assertThat(balancer.change().source(two).apply()).describedAs("the same").isFalse();
      assertThat(balancer.change().source(null).apply()).isTrue();
      assertThat(balancer.change().source(null).apply()).isFalse();
      two.says(a);
      assertThat(members(balancer)).containsExactly("b", "c");
      balancer.add(a);
      assertThat(log).endsWith("close two").hasSize(4);
      assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    }
    assertThat(log).hasSize(4);
  }

  @Test
  void listThatIsThereAlready_isPartOfTheChange() {
    LoadBalancer balancer = LoadBalancer.builder().servers(a).build();
    List<String> heard = new ArrayList<>();
    balancer.addListener(
        event -> heard.add(event.server().id() + " " + balancer.settings().maxConcurrent()));
    balancer.change().source(new Hand("one", b, c)).maxConcurrent(2).apply();
    assertThat(members(balancer)).containsExactly("b", "c");
    assertThat(heard).containsExactly("a 2", "b 2", "c 2");
    assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    balancer.close();
    assertThat(log).containsExactly("start one", "close one");
  }

  @Test
  void whoWaitsForTheOldOne_waitsForTheNew() {
    Hand two = new Hand("two");
    LoadBalancer balancer = LoadBalancer.builder().source(new Hand("one")).build();
    CompletableFuture<Void> ready = balancer.ready().toCompletableFuture();
    balancer.change().source(two).apply();
    assertThat(ready).isNotDone();
    assertThatThrownBy(balancer::acquire).hasMessageContaining("discovery has no answer yet");
    two.says(a);
    assertThat(ready).isCompleted();

    LoadBalancer other = LoadBalancer.builder().source(new Hand("three")).build();
    CompletableFuture<Void> never = other.ready().toCompletableFuture();
    other.change().servers(List.of(a)).source(null).apply();
    assertThat(never).isCompletedExceptionally();
    assertThat(Servers.pick(other)).isEqualTo("a");
    balancer.close();
    other.close();
  }

  @Test
  void sourceThatCannotBegin_changesNothing() {
    Hand one = new Hand("one", a);
    LoadBalancer balancer = LoadBalancer.builder().source(one).build();
    ServerSource broken =
        sink -> {
          throw new IllegalArgumentException("no such file");
        };
    BalancerSettings before = balancer.settings();
    assertThatThrownBy(balancer.change().source(broken).maxConcurrent(1)::apply)
        .hasMessage("no such file");
    assertThat(balancer.settings()).isEqualTo(before);
    one.says(b);
    assertThat(members(balancer)).containsExactly("b");
    balancer.close();
  }

  @Test
  void changeThatIsRefused_closesTheNewSource_andTheOldGoesOn() {
    Hand one = new Hand("one", a);
    Hand two = new Hand("two", b, c);
    LoadBalancer balancer = LoadBalancer.builder().source(one).build();
    Selector.Factory broken =
        (candidates, previous) -> {
          throw new IllegalStateException("broken");
        };
    assertThatIllegalStateException()
        .isThrownBy(balancer.change().source(two).selector(broken)::apply);
    assertThat(log).containsExactly("start one", "start two", "close two");
    two.says(c);
    assertThat(members(balancer)).containsExactly("a");
    one.says(a, b);
    assertThat(members(balancer)).containsExactly("a", "b");
    balancer.close();
  }

  @Test
  void closedBalancer_followsNoOther() {
    LoadBalancer balancer = LoadBalancer.builder().servers(a).build();
    balancer.close();
    assertThatIllegalStateException()
        .isThrownBy(balancer.change().source(new Hand("one", b))::apply)
        .withMessage("source: the balancer is closed");
    assertThat(log).containsExactly("start one", "close one");
    assertThat(members(balancer)).containsExactly("a");
    assertThat(balancer.change().maxConcurrent(3).apply()).isTrue();
  }

  /** Of a source that speaks while it is being changed for another, no list is lost or late. */
  @Test
  void listsDuringTheChange_endWithTheLastOfTheNewSource() throws Exception {
    for (int round = 0; round < 300; round++) {
      Hand one = new Hand("one", a);
      Hand two = new Hand("two");
      LoadBalancer balancer = LoadBalancer.builder().source(one).build();
      Threads.run(
          3,
          index -> {
            if (index == 0) {
              balancer.change().source(two).apply();
            } else if (index == 1) {
              one.says(a, b);
              one.says(a);
            } else {
              Threads.await(() -> two.sink != null);
              two.says(b);
              two.says(b, c);
              two.says(c);
            }
          });
      assertThat(members(balancer)).containsExactly("c");
      assertThat(balancer.ready().toCompletableFuture()).isCompleted();
      balancer.close();
    }
  }
}
