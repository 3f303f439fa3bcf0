package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Who watches outcomes hears of each once, by node, and harms nobody. */
class OutcomeWatchTest {

  private final VirtualTime time = new VirtualTime();

  private static final class Heard implements OutcomeListener {
    private final Node node;
    private final List<String> words = new ArrayList<>();

    Heard(Node node) {
      this.node = node;
    }

    @Override
    public void onSuccess(long latencyNanos) {
      words.add("success " + latencyNanos);
    }

    @Override
    public void onFailure(FailureKind kind, Throwable cause) {
      words.add(kind + " " + cause.getMessage());
    }

    @Override
    public void onNeutral() {
      words.add("neutral");
    }
  }

  @Test
  void outcomes_areHeardOnceByTheListenerOfTheirNode() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
    OutcomeWatch<Heard> watch = balancer.watchOutcomes(Heard::new);
    Lease lease = balancer.acquire();
    lease.failure(new ConnectException("refused"));
    lease.success();
    lease.close();
    Lease other = balancer.acquire();
    other.close();
    other.close();
    other = balancer.acquire();
    other.success();
    other.close();

    Heard first = watch.of(lease.node());
    assertThat(first.node).isSameAs(lease.node());
    assertThat(first.words).containsExactly("CONNECT refused", "success -1");
    Node second = balancer.nodes().get(balancer.nodes().get(0) == lease.node() ? 1 : 0);
    assertThat(watch.of(second).words).containsExactly("neutral");
  }

  @Test
  void latency_isToldWhereSomebodyMeasuresIt() {
    for (LoadBalancerBuilder builder :
        List.of(
            LoadBalancer.builder().selector(Selectors.peakEwma()),
            LoadBalancer.builder().recordLatency(Duration.ofMinutes(1)))) {
      LoadBalancer balancer = builder.servers(Servers.numbered(1)).clock(time).build();
      OutcomeWatch<Heard> watch = balancer.watchOutcomes(Heard::new);
      Lease lease = balancer.acquire();
      time.advance(Duration.ofNanos(1_234));
      lease.success();
      assertThat(watch.of(lease.node()).words).containsExactly("success 1234");
    }
  }

  @Test
  void serverThatComes_isHeardFromItsFirstLease_andStaysTheSameThroughRefreshes() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    OutcomeWatch<Heard> watch = balancer.watchOutcomes(Heard::new);
    balancer.add(Servers.server(1));
    Heard heard = watch.of(Servers.node(balancer, "s1"));
    balancer.update(List.of(Servers.server(1).withWeight(7), Servers.server(2)));
    assertThat(watch.of(Servers.node(balancer, "s1"))).isSameAs(heard);
    assertThat(watch.of(Servers.node(balancer, "s2"))).isNotNull();
  }

  @Test
  void closedWatch_hearsNoMore_andOthersDo() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    OutcomeWatch<Heard> one = balancer.watchOutcomes(Heard::new);
    OutcomeWatch<Heard> other = balancer.watchOutcomes(Heard::new);
    Node node = balancer.nodes().get(0);
    Heard hadBeen = one.of(node);
    one.close();
    one.close();
    balancer.acquire().success();
    assertThat(one.of(node)).isNull();
    assertThat(hadBeen.words).isEmpty();
    assertThat(other.of(node).words).containsExactly("success -1");
    other.close();
    assertThat(node.places()).isNull(); // an outcome costs what it did at first
    balancer.add(Servers.server(1));
    assertThat(Servers.node(balancer, "s1").places()).isNull();
  }

  @Test
  void listenerThatThrows_keepsNobodyFromAnything() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 1, 1);
    AtomicLong asked = new AtomicLong();
    OutcomeListener angry =
        new OutcomeListener() {
          @Override
          public void onSuccess(long latencyNanos) {
            asked.incrementAndGet();
            throw new AssertionError("on purpose");
          }

          @Override
          public void onFailure(FailureKind kind, Throwable cause) {
            onSuccess(0);
          }

          @Override
          public void onNeutral() {
            onSuccess(0);
          }
        };
    balancer.watchOutcomes(node -> angry);
    OutcomeWatch<Heard> watch = balancer.watchOutcomes(Heard::new);
    balancer.acquire().success();
    balancer.acquire().failure(new ConnectException("refused"));
    Lease lease = balancer.acquire();
    lease.close();
    assertThat(asked).hasValue(3);
    assertThat(watch.of(lease.node()).words)
        .containsExactly("success -1", "CONNECT refused", "neutral");
    assertThat(lease.node().inFlight()).isEqualTo(2);
  }

  @Test
  void factoryThatThrows_nobodyWatches_butANewServerIsTakenAllTheSame() {
    LoadBalancer balancer = Servers.balancer(Selectors.roundRobin(), 2, 1);
    assertThatThrownBy(
            () ->
                balancer.watchOutcomes(
                    node -> {
                      if (node.server().id().equals("s1")) {
                        throw new IllegalStateException("on purpose");
                      }
                      return new Heard(node);
                    }))
        .hasMessage("on purpose");
    assertThat(balancer.nodes()).allMatch(node -> node.places() == null);

    OutcomeWatch<Heard> watch =
        balancer.watchOutcomes(
            node -> {
              if (node.server().id().equals("s2")) {
                throw new IllegalStateException("on purpose");
              }
              return new Heard(node);
            });
    balancer.add(Servers.server(2));
    balancer.add(Servers.server(3));
    assertThat(watch.of(Servers.node(balancer, "s2"))).isNull();
    assertThat(watch.of(Servers.node(balancer, "s3"))).isNotNull();
  }
}
