package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls on their caller's thread. */
class CallTest {

  private final VirtualTime time = new VirtualTime();
  private final LoadBalancer balancer = balancer(3);
  private final List<String> asked = new ArrayList<>();

  private LoadBalancer balancer(int servers) {
    return builder(servers).build();
  }

  private LoadBalancerBuilder builder(int servers) {
    return LoadBalancer.builder().servers(Servers.numbered(servers)).clock(time).scheduler(time);
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    assertThat(time.pending()).isZero();
  }

  private String ask(Server server, int failures) throws IOException {
    asked.add(server.id());
    if (asked.size() <= failures) {
      throw new IOException("lost " + asked.size());
    }
    return server.id();
  }

  @Test
  void call_takesTheNextServer_andGivesItsAnswer() throws Exception {
    String answer = balancer.call(server -> ask(server, 0));
    assertThat(asked).containsExactly(answer);
    assertThat(Servers.node(balancer, answer).successes()).isEqualTo(1);
    String none = balancer.call(server -> null);
    assertThat(none).isNull();
  }

  @Test
  void failure_isRetriedOnAnotherServer() throws Exception {
    String answer = balancer.call(server -> ask(server, 2));
    assertThat(asked).hasSize(3).doesNotHaveDuplicates().endsWith(answer);
    assertThat(balancer.nodes().stream().mapToLong(Node::failures).sum()).isEqualTo(2);
  }

  @Test
  void query_isWhereTheCallBegins() throws Exception {
    Node excluded = balancer.nodes().get(1);
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> balancer.call(Query.any().excluding(excluded), s -> ask(s, 9)))
        .withMessage("lost 2");
    assertThat(asked).hasSize(2).doesNotContain(excluded.server().id());
  }

  @Test
  void whatAFunctionThrows_isWhatTheCallMayThrow() {
    String unchecked = balancer.call(server -> server.id()); // needs no throws clause
    assertThat(unchecked).isNotNull();
    assertThatExceptionOfType(SQLException.class).isThrownBy(this::callWithTwoKindsOfExceptions);
    assertThatExceptionOfType(IOException.class).isThrownBy(this::callWithOneKindOfException);
  }

  private void callWithOneKindOfException() throws IOException {
    balancer.call(
        server -> {
          throw new IOException(server.id());
        });
  }

  private String callWithTwoKindsOfExceptions() throws Exception {
    return balancer.call(
        server -> {
          if (server.port() == 1) {
            throw new IOException();
          }
          throw new SQLException();
        });
  }

  @Test
  void everythingFailed_theLastIsThrownAsItIs_withThoseBefore() {
    List<IOException> thrown = new ArrayList<>();
    assertThatThrownBy(
            () ->
                balancer.call(
                    server -> {
                      thrown.add(new IOException(server.id()));
                      throw thrown.get(thrown.size() - 1);
                    }))
        .isSameAs(thrown.get(2))
        .satisfies(
            e -> assertThat(e.getSuppressed()).containsExactly(thrown.get(0), thrown.get(1)));
  }

  @Test
  void sameExceptionTwice_isNotSuppressedInItself() {
    IOException kept = new IOException("kept");
    CompletionException wrapped = new CompletionException(kept);
    for (Exception each : List.of(kept, wrapped)) {
      assertThatThrownBy(
              () ->
                  balancer.call(
                      server -> {
                        asked.add(server.id());
                        throw each;
                      }))
          .isSameAs(each);
      assertThat(each.getSuppressed()).isEmpty();
    }
    assertThat(asked).hasSize(6);
  }

  @Test
  void noServer_isSaidSo_onlyWhereThereWasNoAttempt() {
    for (Server server : Servers.numbered(3)) {
      balancer.drain(server.id());
    }
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(() -> balancer.call(server -> server.id()));
    balancer.resume("s1");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> balancer.call(server -> ask(server, 9)))
        .withMessage("lost 1");
    balancer.resume("s0");
    balancer.resume("s2");
  }

  @Test
  void noServerLeft_costsNothingOfTheBudget() {
    LoadBalancer one = balancer(1);
    for (int i = 0; i < 500; i++) {
      assertThatThrownBy(() -> one.call(server -> ask(server, 999)));
    }
    one.add(Servers.server(1));
    asked.clear();
    assertThatThrownBy(() -> one.call(server -> ask(server, 999))).hasMessage("lost 2");
  }

  @Test
  void budgetSpent_theFailureIsFinal() {
    LoadBalancer limited = builder(3).retryBudget(0, 0.5, Duration.ofSeconds(10)).build();
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> limited.call(server -> ask(server, 999)));
    }
    assertThat(asked).hasSize(15);
    time.advance(Duration.ofSeconds(11));
    asked.clear();
    assertThatThrownBy(() -> limited.call(server -> ask(server, 999)));
    assertThat(asked).hasSize(3);
  }

  @Test
  void notWorthIt_isNotRetried() {
    assertThatThrownBy(
            () ->
                balancer.call(
                    server -> {
                      asked.add(server.id());
                      throw new IllegalStateException("a bug");
                    }))
        .hasMessage("a bug");
    assertThatThrownBy(
            () ->
                balancer.call(
                    CallPolicy.builder().retryOn(e -> true).build(),
                    Query.any(),
                    server -> {
                      asked.add(server.id());
                      throw new StackOverflowError("an error");
                    }))
        .hasMessage("an error");
    assertThat(asked).hasSize(2);
    assertThat(balancer.nodes().stream().mapToLong(Node::failures).sum()).isEqualTo(2);
  }

  @Test
  void predicate_decides() {
    CallPolicy policy =
        CallPolicy.builder().attempts(2).retryOn(e -> e instanceof SQLException).build();
    LoadBalancer own = builder(3).callPolicy(policy).build();
    assertThatThrownBy(() -> own.call(server -> ask(server, 9))).hasMessage("lost 1");
    assertThatThrownBy(
            () ->
                own.call(
                    server -> {
                      asked.add(server.id());
                      throw new SQLException();
                    }))
        .isInstanceOf(SQLException.class);
    assertThat(asked).hasSize(3);
  }

  @Test
  void afterTheDeadline_noAttemptBegins() {
    CallPolicy policy = CallPolicy.builder().deadline(Duration.ofSeconds(2)).build();
    assertThatThrownBy(
            () ->
                balancer.call(
                    policy,
                    Query.any(),
                    server -> {
                      time.advance(Duration.ofSeconds(1));
                      return ask(server, 9);
                    }))
        .hasMessage("lost 2");
    assertThat(asked).hasSize(2);
  }

  @Test
  void interruptedCaller_beginsNoFurtherAttempt() {
    assertThatThrownBy(
            () ->
                balancer.call(
                    server -> {
                      asked.add(server.id());
                      Thread.currentThread().interrupt();
                      throw new ClosedByInterruptException();
                    }))
        .isInstanceOf(ClosedByInterruptException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(asked).hasSize(1);
  }

  @Test
  void rejectedByAnExecutorOfOurs_isNoFaultOfTheServer() {
    assertThatThrownBy(
            () ->
                balancer.call(
                    server -> {
                      throw new RejectedExecutionException("full");
                    }))
        .hasMessage("full");
    assertThat(balancer.nodes()).allMatch(node -> node.failures() + node.successes() == 0);
  }

  @Test
  void selectorThatThrows_reachesTheCaller_withWhatFailedBefore() {
    LoadBalancer broken =
        builder(2)
            .selector(
                (candidates, previous) ->
                    query -> {
                      if (query.triedCount() > 0) {
                        throw new IllegalStateException("a selector");
                      }
                      return candidates.eligible().get(0);
                    })
            .build();
    assertThatThrownBy(() -> broken.call(server -> ask(server, 9)))
        .hasMessage("a selector")
        .satisfies(e -> assertThat(e.getSuppressed()[0]).hasMessage("lost 1"));
    assertThat(broken.nodes()).allMatch(node -> node.inFlight() == 0);
  }

  @Test
  void hedging_withoutAnExecutor_isNot() throws Exception {
    CallPolicy policy = CallPolicy.builder().hedgeAfter(Duration.ofMillis(1)).build();
    balancer.call(
        policy,
        Query.any(),
        server -> {
          time.advance(Duration.ofSeconds(1));
          return ask(server, 0);
        });
    assertThat(asked).hasSize(1);
  }

  @Test
  void nulls_areRefused() {
    assertThatNullPointerException().isThrownBy(() -> balancer.call((Query) null, s -> 1));
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.call((ServerFunction<String, TimeoutException>) null));
    assertThatNullPointerException().isThrownBy(() -> balancer.call(null, Query.any(), s -> 1));
  }
}
