package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

/** Whatever the attempts do, a call ends as a simple model says, and leaves nothing behind. */
class CallScriptTest {

  /** What one attempt does. */
  enum Act {
    ANSWERS,
    ANSWERS_LATER,
    FAILS,
    FAILS_LATER,
    THROWS,
    REFUSES,
    REFUSES_LATER,
    RETURNS_NULL,
    HANGS;

    boolean isLost() {
      return this == FAILS || this == FAILS_LATER || this == THROWS;
    }

    boolean isRefusal() {
      return this == REFUSES || this == REFUSES_LATER || this == RETURNS_NULL;
    }
  }

  /** How it ends. */
  enum End {
    ANSWER,
    LAST_FAILURE,
    TIMEOUT,
    NEVER
  }

  /** The model: in which order it goes is all there is to it. */
  record Expected(int attempts, End end) {
    static Expected of(List<Act> script, int limit, boolean hedges, boolean deadline) {
      boolean hanging = false;
      int made = 0;
      while (made < limit) {
        Act act = script.get(made++);
        if (act == Act.ANSWERS || act == Act.ANSWERS_LATER) {
          return new Expected(made, End.ANSWER);
        }
        if (act.isRefusal()) {
          return new Expected(made, End.LAST_FAILURE);
        }
        if (act == Act.HANGS) {
          hanging = true;
          if (!hedges) {
            break;
          }
        }
      }
      End end = !hanging ? End.LAST_FAILURE : deadline ? End.TIMEOUT : End.NEVER;
      return new Expected(made, end);
    }
  }

  private final VirtualTime time = new VirtualTime();
  private final List<String> asked = new ArrayList<>();
  private final List<Exception> thrown = new ArrayList<>();
  private final List<CompletableFuture<String>> hanging = new ArrayList<>();

  @Property(tries = 2_000)
  void callAsync_endsAsTheModelSays(
      @ForAll @Size(6) List<Act> script,
      @ForAll @IntRange(min = 1, max = 6) int attempts,
      @ForAll @IntRange(min = 1, max = 6) int servers,
      @ForAll boolean hedges,
      @ForAll boolean deadline) {
    LoadBalancer balancer = balancer(servers);
    CallPolicy.Builder policy = CallPolicy.builder().attempts(attempts);
    if (hedges) {
      policy.hedgeAfter(Duration.ofMillis(10));
    }
    if (deadline) {
      policy.deadline(Duration.ofSeconds(1));
    }
    Expected expected = Expected.of(script, Math.min(attempts, servers), hedges, deadline);

    CompletableFuture<String> result =
        balancer.callAsync(policy.build(), Query.any(), server -> play(script, server));
    time.advance(Duration.ofSeconds(2));

    assertThat(result.isDone()).isEqualTo(expected.end != End.NEVER);
    if (expected.end == End.NEVER) {
      result.cancel(true);
    }
    checkEnd(expected, result.handle((value, e) -> e).join(), result);
    checkNothingIsLeft(balancer, expected);
    assertThat(hanging).allMatch(CompletableFuture::isCancelled);
    assertThat(time.pending()).isZero();
  }

  @Property(tries = 1_000)
  void call_endsAsTheModelSays(
      @ForAll @Size(6) List<Act> script,
      @ForAll @IntRange(min = 1, max = 6) int attempts,
      @ForAll @IntRange(min = 1, max = 6) int servers) {
    script = script.stream().map(act -> act == Act.HANGS ? Act.FAILS : act).toList();
    LoadBalancer balancer = balancer(servers);
    CallPolicy policy = CallPolicy.builder().attempts(attempts).build();
    Expected expected = Expected.of(script, Math.min(attempts, servers), false, false);
    List<Act> acts = script;

    CompletableFuture<String> result = new CompletableFuture<>();
    try {
      result.complete(
          balancer.call(
              policy,
              Query.any(),
              server -> {
                Act act = acts.get(asked.size());
                asked.add(server.id());
                if (act.isLost()) {
                  throw remember(new IOException("lost by " + server.id()));
                }
                if (act.isRefusal()) {
                  throw remember(new IllegalStateException("refused by " + server.id()));
                }
                return server.id();
              }));
    } catch (Exception e) {
      result.completeExceptionally(e);
    }

    checkEnd(expected, result.handle((value, e) -> e).join(), result);
    checkNothingIsLeft(balancer, expected);
  }

  private LoadBalancer balancer(int servers) {
    asked.clear();
    thrown.clear();
    hanging.clear();
    return LoadBalancer.builder()
        .servers(Servers.numbered(servers))
        .scheduler(time)
        .clock(time)
        .build();
  }

  private @Nullable CompletableFuture<String> play(List<Act> script, Server server) {
    Act act = script.get(asked.size());
    asked.add(server.id());
    IOException lost = new IOException("lost by " + server.id());
    IllegalStateException refused = new IllegalStateException("refused by " + server.id());
    CompletableFuture<String> later = new CompletableFuture<>();
    return switch (act) {
      case ANSWERS -> CompletableFuture.completedFuture(server.id());
      case ANSWERS_LATER -> {
        soon(() -> later.complete(server.id()));
        yield later;
      }
      case FAILS -> CompletableFuture.failedFuture(remember(lost));
      case FAILS_LATER -> {
        soon(() -> later.completeExceptionally(remember(lost)));
        yield later.thenApply(value -> value);
      }
      case THROWS -> throw remember(new UncheckedIOException(lost));
      case REFUSES -> throw remember(refused);
      case REFUSES_LATER -> {
        soon(() -> later.completeExceptionally(remember(refused)));
        yield later;
      }
      case RETURNS_NULL -> null;
      case HANGS -> {
        hanging.add(later);
        yield later;
      }
    };
  }

  private void soon(Runnable task) {
    Future<?> unused = time.schedule(task, 1, TimeUnit.MILLISECONDS);
  }

  private <E extends Exception> E remember(E e) {
    thrown.add(e);
    return e;
  }

  private void checkEnd(
      Expected expected, @Nullable Throwable e, CompletableFuture<String> result) {
    switch (expected.end) {
      case ANSWER -> {
        assertThat(e).isNull();
        assertThat(result.join()).isEqualTo(asked.get(asked.size() - 1));
      }
      case TIMEOUT -> {
        assertThat(e).isExactlyInstanceOf(TimeoutException.class);
        assertThat(e.getSuppressed()).containsExactlyElementsOf(thrown);
      }
      case NEVER -> assertThat(e).isInstanceOf(CancellationException.class);
      default -> {
        List<Exception> earlier = new ArrayList<>(thrown);
        if (e instanceof NullPointerException) {
          assertThat(e).hasMessageContaining("returned null");
        } else {
          assertThat(e).isSameAs(earlier.remove(earlier.size() - 1));
        }
        assertThat(e.getSuppressed()).containsExactlyElementsOf(earlier);
      }
    }
  }

  private void checkNothingIsLeft(LoadBalancer balancer, Expected expected) {
    assertThat(asked).hasSize(expected.attempts);
    assertThat(new HashSet<>(asked)).as("servers").hasSize(expected.attempts);
    List<Node> nodes = balancer.nodes();
    assertThat(nodes).allMatch(node -> node.inFlight() == 0);
    int answers = expected.end == End.ANSWER ? 1 : 0;
    assertThat(nodes.stream().mapToLong(Node::picks).sum()).isEqualTo(expected.attempts);
    assertThat(nodes.stream().mapToLong(Node::successes).sum()).isEqualTo(answers);
    assertThat(nodes.stream().mapToLong(Node::failures).sum())
        .isEqualTo(expected.attempts - answers);
  }
}
