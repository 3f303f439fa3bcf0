package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls whose attempts are stages. */
class CallAsyncTest {

  private final VirtualTime time = new VirtualTime();
  private final LoadBalancer balancer = balancer(3);

  /** What was begun, in order, by server. */
  private final Map<String, CompletableFuture<String>> asked = new LinkedHashMap<>();

  private LoadBalancer balancer(int servers) {
    return LoadBalancer.builder()
        .servers(Servers.numbered(servers))
        .clock(time)
        .scheduler(time)
        .build();
  }

  private CompletableFuture<String> ask(Server server) {
    CompletableFuture<String> answer = new CompletableFuture<>();
    assertThat(asked.put(server.id(), answer)).isNull();
    return answer;
  }

  private CompletableFuture<String> attempt(int index) {
    return new ArrayList<>(asked.values()).get(index);
  }

  private Node node(int index) {
    return Servers.node(balancer, new ArrayList<>(asked.keySet()).get(index));
  }

  private static CallPolicy hedging() {
    return CallPolicy.builder().hedgeAfter(Duration.ofMillis(50)).build();
  }

  private static Throwable failure(CompletableFuture<?> result) {
    assertThat(result).isCompletedExceptionally();
    return result.handle((value, e) -> e).join();
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    assertThat(time.pending()).isZero();
  }

  @Test
  void answer_closesTheLeaseBeforeAnybodyHearsOfIt() {
    List<Integer> inFlight = new ArrayList<>();
    CompletableFuture<String> result = balancer.callAsync(this::ask);
    CompletableFuture<Void> heard = result.thenRun(() -> inFlight.add(node(0).inFlight()));
    assertThat(node(0).inFlight()).isEqualTo(1);
    attempt(0).complete("yes");
    assertThat(result).isCompletedWithValue("yes");
    assertThat(heard).isCompleted();
    assertThat(inFlight).containsExactly(0);
    assertThat(node(0).successes()).isEqualTo(1);
  }

  @Test
  void answerMayBeNull() {
    assertThat(balancer.callAsync(server -> CompletableFuture.completedFuture(null)))
        .isCompletedWithValue(null);
  }

  @Test
  void wrappedFailure_isRetried_andGivenWithoutItsEnvelope() {
    CompletableFuture<String> result =
        balancer.callAsync(server -> ask(server).thenApply(value -> value));
    IOException[] lost = {new IOException("0"), new IOException("1"), new IOException("2")};
    for (int i = 0; i < 3; i++) {
      assertThat(result).isNotDone();
      attempt(i).completeExceptionally(lost[i]);
    }
    assertThat(failure(result)).isSameAs(lost[2]);
    assertThat(lost[2].getSuppressed()).containsExactly(lost[0], lost[1]);
  }

  @Test
  void noServer_isSaidSo() {
    Servers.numbered(3).forEach(server -> balancer.drain(server.id()));
    assertThat(failure(balancer.callAsync(this::ask)))
        .isExactlyInstanceOf(NoServerAvailableException.class);
  }

  @Test
  void thousandsOfFailuresAtOnce_needNoStack() {
    int n = 20_000;
    LoadBalancer many =
        LoadBalancer.builder()
            .servers(Servers.numbered(2))
            .retryBudget(1_000, 1_000_000, Duration.ofSeconds(10))
            .selector(
                (candidates, previous) ->
                    query -> query.triedCount() < n ? candidates.eligible().get(0) : null)
            .build();
    IOException lost = new IOException();
    int[] calls = {0};
    CompletableFuture<String> result =
        many.callAsync(
            CallPolicy.builder().attempts(Integer.MAX_VALUE).build(),
            Query.any(),
            server -> {
              calls[0]++;
              return CompletableFuture.failedFuture(lost);
            });
    assertThat(failure(result)).isSameAs(lost);
    assertThat(calls[0]).isEqualTo(n);
  }

  @Test
  void deadline_cutsOffWhatIsUnderWay_andSaysWhom() {
    CallPolicy policy = CallPolicy.builder().deadline(Duration.ofSeconds(1)).build();
    CompletableFuture<String> result = balancer.callAsync(policy, Query.any(), this::ask);
    IOException lost = new IOException();
    attempt(0).completeExceptionally(lost);
    time.advance(Duration.ofMillis(999));
    assertThat(result).isNotDone();
    time.advance(Duration.ofMillis(1));
    assertThat(failure(result))
        .isExactlyInstanceOf(TimeoutException.class)
        .hasMessage("no answer within PT1S; waiting for [" + node(1).server().id() + "]")
        .hasSuppressedException(lost);
    assertThat(attempt(1)).isCancelled();
    assertThat(node(1).failures()).isEqualTo(1);
    attempt(1).complete("much too late");
    assertThat(node(1).successes()).isZero();
  }

  @Test
  void cancel_reachesTheAttempts() {
    CompletableFuture<String> result = balancer.callAsync(hedging(), Query.any(), this::ask);
    time.advance(Duration.ofMillis(50));
    assertThat(asked).hasSize(2);
    result.cancel(true);
    assertThat(asked.values()).allMatch(CompletableFuture::isCancelled);
    time.advance(Duration.ofSeconds(1));
    assertThat(asked).hasSize(2);
  }

  @Test
  void resultCompletedFromOutside_endsTheCall() {
    CompletableFuture<String> result = balancer.callAsync(this::ask);
    result.complete("from a cache");
    assertThat(attempt(0)).isCancelled();
    assertThat(node(0).failures()).isEqualTo(1);
  }

  @Test
  void hedge_firstAnswerCounts_theOthersAreCancelled() {
    CompletableFuture<String> result = balancer.callAsync(hedging(), Query.any(), this::ask);
    time.advance(Duration.ofMillis(49));
    assertThat(asked).hasSize(1);
    time.advance(Duration.ofMillis(1));
    assertThat(asked).hasSize(2);
    time.advance(Duration.ofMillis(50));
    assertThat(asked).hasSize(3);
    attempt(1).complete("second");
    assertThat(result).isCompletedWithValue("second");
    assertThat(attempt(0)).isCancelled();
    assertThat(attempt(2)).isCancelled();
    assertThat(node(0).failures() + node(2).failures()).isEqualTo(2);
    assertThat(node(1).successes()).isEqualTo(1);
  }

  @Test
  void hedging_failureWorthAnother_isFollowedAtOnce_andTheLastOneUnderWayMaySaveTheCall() {
    CompletableFuture<String> result = balancer.callAsync(hedging(), Query.any(), this::ask);
    time.advance(Duration.ofMillis(50));
    attempt(1).completeExceptionally(new IOException("1"));
    assertThat(asked).hasSize(3);
    attempt(2).completeExceptionally(new IOException("2"));
    assertThat(result).isNotDone();
    attempt(0).complete("saved");
    assertThat(result).isCompletedWithValue("saved");
  }

  @Test
  void hedging_refusal_endsTheCall() {
    CompletableFuture<String> result = balancer.callAsync(hedging(), Query.any(), this::ask);
    time.advance(Duration.ofMillis(50));
    attempt(1).completeExceptionally(new IllegalStateException("refused"));
    assertThat(failure(result)).hasMessage("refused");
    assertThat(attempt(0)).isCancelled();
  }

  @Test
  void hedge_withoutBudgetOrServer_isNotMade_andHarmsNothing() {
    LoadBalancer poor =
        LoadBalancer.builder()
            .servers(Servers.numbered(3))
            .scheduler(time)
            .clock(time)
            .retryBudget(0, 0, Duration.ofSeconds(10))
            .build();
    for (LoadBalancer each : List.of(poor, balancer(1))) {
      asked.clear();
      CompletableFuture<String> result = each.callAsync(hedging(), Query.any(), this::ask);
      time.advance(Duration.ofSeconds(1));
      assertThat(asked).hasSize(1);
      attempt(0).complete("slow");
      assertThat(result).isCompletedWithValue("slow");
      assertThat(each.nodes()).allMatch(node -> node.inFlight() == 0);
    }
    asked.clear();
  }

  @Test
  void hedgeAtPercentile_asSoonAsEnoughIsKnown() {
    CallPolicy policy = CallPolicy.builder().attempts(2).hedgeAtPercentile(90).build();
    for (int i = 0; i < 100; i++) {
      asked.clear();
      CompletableFuture<String> result = balancer.callAsync(policy, Query.any(), this::ask);
      time.advance(Duration.ofMillis(i < 89 ? 10 : 40));
      assertThat(asked).as("not enough is known").hasSize(1);
      attempt(0).complete("");
      assertThat(result).isCompleted();
    }
    time.advance(Duration.ofSeconds(1));
    asked.clear();
    CompletableFuture<String> result = balancer.callAsync(policy, Query.any(), this::ask);
    time.advance(Duration.ofMillis(39));
    assertThat(asked).hasSize(1);
    time.advance(Duration.ofMillis(2));
    assertThat(asked).hasSize(2);
    attempt(1).complete("");
    assertThat(result).isCompleted();
    asked.clear();
  }

  @Test
  void hedgedAttempts_keepThePercentileUp() {
    CallPolicy policy = CallPolicy.builder().attempts(2).hedgeAtPercentile(70).build();
    // First answers take 10 to 100 ms; a hedge takes 1 ms, and always wins.
    int hedged = 0;
    for (int i = 0; i < 1_000; i++) {
      asked.clear();
      CompletableFuture<String> result = balancer.callAsync(policy, Query.any(), this::ask);
      for (int ms = 0; ms <= 10 * (i % 10) + 9 && asked.size() == 1; ms++) {
        time.advance(Duration.ofMillis(1));
      }
      if (asked.size() > 1) {
        time.advance(Duration.ofMillis(1));
        hedged += i < 500 ? 0 : 1;
      }
      attempt(asked.size() - 1).complete("");
      assertThat(result).isCompleted();
    }
    assertThat(hedged).as("of the last 500").isBetween(100, 200);
    asked.clear();
  }

  @Test
  void stageOfAnotherKind_isWaitedFor_asFarAsItGoes() {
    CompletableFuture<String> result =
        balancer.callAsync(server -> ask(server).minimalCompletionStage());
    attempt(0).completeExceptionally(new IOException());
    attempt(1).complete("yes");
    assertThat(result).isCompletedWithValue("yes");

    asked.clear();
    Strange strange = new Strange();
    CompletableFuture<String> odd = balancer.callAsync(server -> strange);
    odd.cancel(true);
    assertThat(strange.listener).isNotNull();
    strange.listener.accept("late", null);
    strange.listener.accept(null, new IOException("and twice"));
    assertThat(odd).isCancelled();
    asked.clear();
  }

  @Test
  void stageThatCompletesTwice_countsOnce() {
    Strange strange = new Strange();
    CompletableFuture<String> result = balancer.callAsync(server -> strange);
    strange.listener.accept("first", null);
    strange.listener.accept(null, new IOException("second"));
    strange.listener.accept("third", null);
    assertThat(result).isCompletedWithValue("first");
    assertThat(balancer.nodes().stream().mapToLong(Node::successes).sum()).isEqualTo(1);
    assertThat(balancer.nodes().stream().mapToLong(Node::failures).sum()).isZero();
  }

  @Test
  void cancelThatThrows_harmsNothing() {
    for (Throwable each : List.of(new IllegalStateException("stubborn"), new Error("stubborn"))) {
      asked.clear();
      CompletableFuture<String> result =
          balancer.callAsync(
              hedging(),
              Query.any(),
              server -> {
                CompletableFuture<String> answer = ask(server);
                return asked.size() == 3 ? answer : new Stubborn(each);
              });
      time.advance(Duration.ofMillis(100));
      assertThat(asked).hasSize(3);
      attempt(2).complete("yes");
      assertThat(result).isCompletedWithValue("yes");
      assertThat(balancer.nodes()).allMatch(node -> node.inFlight() == 0);
    }
    asked.clear();
  }

  /** Whatever of the user's throws when the others are cut, all are, and the call ends. */
  @Test
  void clockThatThrows_whenOthersAreCut_harmsNothing() {
    boolean[] broken = {false};
    LoadBalancer measuring =
        LoadBalancer.builder()
            .servers(Servers.numbered(3))
            .selector(Selectors.peakEwma())
            .scheduler(time)
            .clock(
                () -> {
                  if (broken[0]) {
                    throw new AssertionError("no time");
                  }
                  return time.nanoTime();
                })
            .build();
    CallPolicy policy =
        CallPolicy.builder()
            .hedgeAfter(Duration.ofMillis(50))
            .deadline(Duration.ofSeconds(1))
            .build();
    CompletableFuture<String> result = measuring.callAsync(policy, Query.any(), this::ask);
    time.advance(Duration.ofMillis(100));
    assertThat(asked).hasSize(3);
    broken[0] = true;
    time.advance(Duration.ofSeconds(1));
    assertThat(failure(result)).isExactlyInstanceOf(TimeoutException.class);
    assertThat(asked.values()).allMatch(CompletableFuture::isCancelled);
    assertThat(measuring.nodes()).allMatch(node -> node.inFlight() == 0);
    asked.clear();
  }

  /** An attempt that was admitted, but not begun when the call ended, has no lease any more. */
  @Test
  void attemptThatIsCutBeforeItBegins_doesNotBegin_andIsNoFaultOfTheServer() {
    CompletableFuture<String> failsAndLetsTimePass =
        new CompletableFuture<>() {
          @Override
          public CompletableFuture<String> whenComplete(
              BiConsumer<? super String, ? super Throwable> action) {
            action.accept(null, new IOException());
            time.advance(Duration.ofSeconds(1));
            return this;
          }
        };
    List<String> begun = new ArrayList<>();
    CompletableFuture<String> result =
        balancer.callAsync(
            CallPolicy.builder().deadline(Duration.ofSeconds(1)).build(),
            Query.any(),
            server -> {
              begun.add(server.id());
              return failsAndLetsTimePass;
            });
    assertThat(failure(result)).isExactlyInstanceOf(TimeoutException.class);
    assertThat(begun).hasSize(1);
    assertThat(balancer.nodes().stream().mapToLong(Node::failures).sum()).isEqualTo(1);
  }

  @Test
  void stageThatFailsAndThenThrows_isFollowedAllTheSame() {
    CompletableFuture<String> failsAndThrows =
        new CompletableFuture<>() {
          @Override
          public CompletableFuture<String> whenComplete(
              BiConsumer<? super String, ? super Throwable> action) {
            action.accept(null, new IOException());
            throw new IllegalStateException("after that");
          }
        };
    CompletableFuture<String> result =
        balancer.callAsync(
            server -> {
              CompletableFuture<String> answer = ask(server);
              return asked.size() == 1 ? failsAndThrows : answer;
            });
    assertThat(asked).hasSize(2);
    attempt(1).complete("yes");
    assertThat(result).isCompletedWithValue("yes");
  }

  @Test
  void cancelledByTheUser_isNotRetriedByDefault() {
    CompletableFuture<String> result = balancer.callAsync(this::ask);
    attempt(0).cancel(true);
    assertThat(failure(result)).isInstanceOf(CancellationException.class);
    assertThat(asked).hasSize(1);
  }

  @Test
  void schedulerShutDown_failsTheCall_notTheServers() {
    VirtualTime stopped = new VirtualTime();
    LoadBalancer late =
        LoadBalancer.builder().servers(Servers.numbered(2)).scheduler(stopped).build();
    stopped.shutdown();
    CallPolicy timed = CallPolicy.builder().deadline(Duration.ofSeconds(1)).build();
    assertThat(late.callAsync(timed, Query.any(), this::ask)).isCompletedExceptionally();
    assertThat(asked).isEmpty();
    CompletableFuture<String> unhedged = late.callAsync(hedging(), Query.any(), this::ask);
    attempt(0).complete("yes");
    assertThat(unhedged).isCompletedWithValue("yes");
    assertThat(late.nodes()).allMatch(node -> node.inFlight() == 0 && node.failures() == 0);
    asked.clear();
  }

  @Test
  void jdkTimer_keepsDeadlinesAndHedges_too() {
    LoadBalancer plain = LoadBalancer.builder().servers(Servers.numbered(2)).build();
    CallPolicy policy =
        CallPolicy.builder()
            .hedgeAfter(Duration.ofMillis(1))
            .deadline(Duration.ofMillis(20))
            .build();
    CompletableFuture<String> result =
        plain.callAsync(policy, Query.any(), server -> new CompletableFuture<>());
    Threads.await(result::isDone);
    assertThat(failure(result)).isInstanceOf(TimeoutException.class);
    // The hedge may be taking its server, or another thread be closing one, just now.
    Threads.await(() -> plain.nodes().stream().allMatch(node -> node.inFlight() == 0));
    assertThat(plain.nodes()).allMatch(node -> node.failures() <= 1);
  }

  @Test
  void functionOfStages_mayBeOfAnyKind() {
    CompletableFuture<Object> result =
        balancer.callAsync(
            (Object server) -> CompletableFuture.<Object>completedFuture(server.toString()));
    assertThat(result).isCompleted();
    assertThatNullPointerException()
        .isThrownBy(
            () ->
                balancer.callAsync(Query.any(), (Function<Server, CompletionStage<String>>) null));
  }

  /** A stage that is no future, and of bad manners. */
  private static final class Strange extends CompletableFuture<String> {
    private BiConsumer<? super String, ? super Throwable> listener;

    @Override
    public CompletableFuture<String> whenComplete(
        BiConsumer<? super String, ? super Throwable> action) {
      listener = action;
      return this;
    }

    @Override
    public CompletableFuture<String> toCompletableFuture() {
      throw new UnsupportedOperationException();
    }
  }

  /** A stage that cannot be cancelled. */
  private static final class Stubborn extends CompletableFuture<String> {
    private final Throwable thrown;

    Stubborn(Throwable thrown) {
      this.thrown = thrown;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      throw Failures.<RuntimeException>rethrow(thrown);
    }
  }
}
