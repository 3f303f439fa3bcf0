package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Any sequence of what can be done to a pool, one thing after another on a virtual clock, beside a
 * model of what must be true after each.
 */
class PoolModelTest {

  private static final int SERVERS = 3;
  private static final int STEPS = 300;

  @Property(tries = 300, seed = "20261121")
  void anySequence(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 4) int max,
      @ForAll @IntRange(min = 0, max = 2) int min,
      @ForAll @IntRange(min = 2, max = 8) int total,
      @ForAll @IntRange(min = 1, max = 3) int connects,
      @ForAll boolean fifo,
      @ForAll boolean drops) {
    Model model =
        new Model(
            seed,
            PoolPolicy.builder()
                .maxPerServer(max)
                .minPerServer(Math.min(min, max))
                .maxTotal(total)
                .maxConnecting(connects)
                .reuse(fifo ? PoolPolicy.Reuse.FIFO : PoolPolicy.Reuse.LIFO)
                .whenFull(
                    drops ? PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE : PoolPolicy.WhenFull.WAIT)
                .idleTimeout(Duration.ofSeconds(8))
                .maxLifetime(Duration.ofSeconds(40))
                .build(),
            max,
            total,
            connects);
    for (int i = 0; i < STEPS; i++) {
      model.step();
      model.check();
    }
    model.end();
  }

  /** Who wants a connection, in the order in which they came, for one server. */
  private static final class Line {
    private final Deque<CompletableFuture<Pooled<Connection>>> waiting = new ArrayDeque<>();
  }

  private static final class Model extends CheckedConnector
      implements AsyncConnector<CheckedConnector.Connection> {

    private record Connecting(Server server, CompletableFuture<Connection> stage) {}

    private final Random random;
    private final VirtualTime time = new VirtualTime();
    private final ConnectionPool<Connection> pool;
    private final int max;
    private final int total;
    private final int maxConnecting;
    private final List<Connecting> connecting = new ArrayList<>();
    private final List<Pooled<Connection>> held = new ArrayList<>();
    private final List<Line> lines = new ArrayList<>();

    Model(long seed, PoolPolicy policy, int max, int total, int maxConnecting) {
      super(max);
      this.random = new Random(seed);
      this.max = max;
      this.total = total;
      this.maxConnecting = maxConnecting;
      for (int i = 0; i < SERVERS; i++) {
        lines.add(new Line());
      }
      pool =
          ConnectionPool.<Connection>builder(this)
              .policy(policy)
              .clock(time)
              .scheduler(time)
              .executor(Runnable::run)
              .seed(seed)
              .build();
    }

    @Override
    public CompletionStage<Connection> connectAsync(Server server) {
      CompletableFuture<Connection> stage = new CompletableFuture<>();
      connecting.add(new Connecting(server, stage));
      return stage;
    }

    @Override
    public Connection connect(Server server) throws Exception {
      return super.connect(server);
    }

    void step() {
      int index = random.nextInt(SERVERS);
      switch (random.nextInt(13)) {
        case 0, 1, 2 -> lines.get(index).waiting.add(pool.acquireAsync(server(index)));
        case 3 -> {
          Duration soon = Duration.ofMillis(random.nextInt(5_000));
          lines.get(index).waiting.add(pool.acquireAsync(server(index), soon));
        }
        case 11 -> {
          Pooled<Connection> idle = pool.acquireIdle(server(index));
          if (idle != null) {
            assertThat(lines.get(index).waiting).as("those who wait come first").isEmpty();
            idle.connection().use();
            held.add(idle);
          }
        }
        case 4, 5, 6 -> finishConnect();
        case 7, 8 -> endUse();
        case 9 -> {
          for (CompletableFuture<Pooled<Connection>> first : lines.get(index).waiting) {
            first.cancel(false); // the first only
            break;
          }
        }
        case 10 -> time.advance(Duration.ofMillis(random.nextInt(4_000)));
        default -> {
          if (random.nextInt(4) == 0) {
            pool.remove("s" + index);
          } else if (random.nextInt(4) == 0) {
            pool.closeIdle("s" + index);
          }
        }
      }
      collect();
    }

    private void finishConnect() {
      if (!connecting.isEmpty()) {
        Connecting next = connecting.remove(random.nextInt(connecting.size()));
        if (random.nextInt(5) == 0) {
          next.stage.completeExceptionally(new IOException("refused"));
        } else {
          try {
            next.stage.complete(connect(next.server));
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        }
      }
    }

    private void endUse() {
      if (!held.isEmpty()) {
        Pooled<Connection> pooled = held.remove(random.nextInt(held.size()));
        pooled.connection().unuse();
        if (random.nextInt(6) == 0) {
          Connection connection = pooled.connection();
          letGo(connection);
          assertThat(pooled.detach()).isSameAs(connection);
        } else {
          pooled.connection().dead = random.nextInt(6) == 0;
        }
        if (random.nextInt(4) == 0) {
          pooled.invalidate(new IOException("reset"));
        }
        pooled.close();
        pooled.close();
      }
    }

    /** First come, first served: whoever is still waiting came after all who were served. */
    private void collect() {
      for (Line line : lines) {
        boolean someoneWaits = false;
        for (CompletableFuture<Pooled<Connection>> future : line.waiting) {
          if (!future.isDone()) {
            someoneWaits = true;
          } else if (!future.isCompletedExceptionally()) {
            assertThat(someoneWaits).as("served before one who came earlier").isFalse();
            Pooled<Connection> pooled = future.join();
            pooled.connection().use();
            held.add(pooled);
          }
        }
        line.waiting.removeIf(CompletableFuture::isDone);
      }
    }

    void check() {
      assertNoBreach();
      PoolStats stats = pool.stats();
      int all = 0;
      for (PoolStats.OfServer server : stats.servers()) {
        int open = server.idle() + server.active() + server.connecting();
        assertThat(open).isLessThanOrEqualTo(max);
        long gone = server.closed().values().stream().mapToLong(Long::longValue).sum();
        assertThat(server.created())
            .isEqualTo(server.idle() + server.active() + gone + server.detached());
        int wanted = connectingNow(server.serverId());
        assertThat(wanted).isLessThanOrEqualTo(maxConnecting);
        all += open;
        Line line = lines.get(server.serverId().charAt(1) - '0');
        assertThat(server.waiting()).isEqualTo(line.waiting.size());
        // Nobody waits while there is something to give, or nothing is done about it.
        if (server.waiting() > 0) {
          assertThat(server.idle()).isZero();
          assertThat(
                  wanted >= Math.min(server.waiting(), maxConnecting)
                      || open == max
                      || pool.permits().taken() == total)
              .as("nothing is done for those who wait: %s", server)
              .isTrue();
        }
      }
      assertThat(all).isLessThanOrEqualTo(total);
      assertThat(all).isEqualTo(pool.permits().taken());
      assertThat(stats.active()).isEqualTo(held.size());
      assertThat(open()).isEqualTo(stats.idle() + stats.active());
    }

    /** Without those from before the server left or went down. */
    private int connectingNow(String id) {
      return pool.servers().stream()
          .filter(server -> server.serverId().equals(id))
          .mapToInt(server -> server.capacity().connecting())
          .sum();
    }

    void end() {
      pool.close();
      for (Line line : lines) {
        assertThat(line.waiting).allMatch(CompletableFuture::isCompletedExceptionally);
      }
      while (!held.isEmpty()) {
        endUse();
      }
      while (!connecting.isEmpty()) {
        finishConnect();
      }
      assertClean();
      assertThat(pool.permits().taken()).isZero();
      assertThat(pool.stats().servers()).isEmpty();
    }

    private static Server server(int index) {
      return Server.of("10.0.0." + index, 80).withId("s" + index);
    }
  }
}
