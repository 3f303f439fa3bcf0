package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import io.evenkeel.core.Threads;
import io.evenkeel.pool.ByHand.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A pool that is closed by force, at whatever moment: every use ends once, and so does its
 * connection.
 */
@Timeout(120)
class ForcedCloseTest {

  private static final Duration NOW = Duration.ZERO;
  private static final Duration LONG = Duration.ofMinutes(2);

  private final ByHand hand = new ByHand();

  /** It is granted, and the executor has not delivered it yet. */
  @Test
  void futureThatWasGrantedWhatIsForced_isTurnedAway() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    Pooled<Connection> held = pool.acquireAsync(SERVER).join();
    CompletableFuture<Pooled<Connection>> granted = pool.acquireAsync(SERVER);
    hand.holdsTasks = true;
    held.close();
    assertThat(pool.close(NOW)).isEqualTo(1);
    hand.runTasks();
    assertThat(granted)
        .failsWithin(NOW)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolClosedException.class);
    assertThat(hand.time.pending()).isZero();
    assertThat(pool.permits().taken()).isZero();
  }

  @Test
  void idleOneThatIsForcedWhileItIsChecked_theFutureIsTurnedAway() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    pool.acquireAsync(SERVER).join().close();
    hand.whileChecking = () -> assertThat(pool.close(NOW)).isEqualTo(1);
    assertThat(pool.acquireAsync(SERVER))
        .failsWithin(NOW)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolClosedException.class);
    assertThat(pool.permits().taken()).isZero();
  }

  @Test
  void idleOneThatIsForcedWhileItIsChecked_theThreadIsTurnedAway() throws Exception {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    pool.acquire(SERVER, NOW).close();
    hand.whileChecking = () -> assertThat(pool.close(NOW)).isEqualTo(1);
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW)).isInstanceOf(PoolClosedException.class);
    assertThat(pool.permits().taken()).isZero();
  }

  /** Between the grant and the return of {@code acquire}. */
  @Test
  void threadThatWasGrantedWhatIsForced_isTurnedAway() {
    ConnectionPool<Connection> pool = hand.pool(p -> p.maxPerServer(1));
    hand.atNextReading.add(() -> {}); // since when it waits
    hand.atNextReading.add(() -> assertThat(pool.close(NOW)).isEqualTo(1)); // until when
    assertThatThrownBy(() -> pool.acquire(SERVER, NOW)).isInstanceOf(PoolClosedException.class);
    assertThat(hand.atNextReading).isEmpty();
    assertThat(pool.permits().taken()).isZero();
  }

  /** Counts its closings, and is used by whoever has it. */
  private static final class Used {
    final AtomicInteger closings = new AtomicInteger();
  }

  /**
   * Many times: three uses are given back, thrown away and given back late while two threads and
   * two futures want one and the pool is closed by force. Each use ends in one way.
   */
  @Test
  void forcedWhileAllElseHappens_everyUseEndsOnce_andTheCountIsRight() throws Exception {
    long seed = Threads.seed();
    Random random = new Random(seed);
    for (int round = 0; round < 3_000; round++) {
      Queue<Used> made = new ConcurrentLinkedQueue<>();
      ConnectionPool<Used> pool =
          ConnectionPool.builder(
                  new Connector<Used>() {
                    @Override
                    public Used connect(Server server) {
                      Used used = new Used();
                      made.add(used);
                      return used;
                    }

                    @Override
                    public void close(Used used) {
                      used.closings.incrementAndGet();
                    }
                  })
              .policy(PoolPolicy.builder().maxPerServer(3).recordUseTimes(true).build())
              .executor(Runnable::run)
              .build();
      List<Pooled<Used>> held = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        held.add(pool.acquire(SERVER, LONG));
      }
      CompletableFuture<Pooled<Used>> future = pool.acquireAsync(SERVER, LONG);
      AtomicInteger endedByUsers = new AtomicInteger();
      AtomicInteger turnedAway = new AtomicInteger();
      AtomicInteger forced = new AtomicInteger();
      int pause = random.nextInt(400);
      Threads.run(
          5,
          index -> {
            switch (index) {
              case 0, 1 -> {
                spin(index == 0 ? 0 : pause / 2);
                Pooled<Used> mine = held.get(index);
                boolean ended =
                    index == 0
                        ? mine.slot.home.giveBack(mine.slot, mine.ticket)
                        : mine.slot.home.invalidate(mine.slot, mine.ticket, new IOException("x"));
                endedByUsers.addAndGet(ended ? 1 : 0);
                mine.close();
                mine.invalidate(new IOException("late"));
              }
              case 2 -> {
                try {
                  end(pool.acquire(SERVER, LONG), endedByUsers);
                } catch (PoolClosedException e) {
                  turnedAway.incrementAndGet();
                }
              }
              case 3 -> {
                try {
                  end(future.join(), endedByUsers);
                } catch (CompletionException e) {
                  assertThat(e).hasCauseInstanceOf(PoolClosedException.class);
                  turnedAway.incrementAndGet();
                }
              }
              default -> {
                spin(pause);
                forced.addAndGet(pool.close(NOW));
                forced.addAndGet(pool.close(NOW));
              }
            }
          });
      Pooled<Used> last = held.get(2);
      boolean unused = last.slot.home.giveBack(last.slot, last.ticket);
      assertThat(unused).as("seed %d, round %d: still in use", seed, round).isFalse();
      assertThat(made).allSatisfy(used -> assertThat(used.closings).hasValue(1));
      // Three uses at first, and one for each who was not turned away; one who was may have been
      // granted one, which was forced before it got there.
      int delivered = 3 + 2 - turnedAway.get();
      assertThat(endedByUsers.get() + forced.get())
          .as("seed %d, round %d", seed, round)
          .isBetween(delivered, delivered + turnedAway.get());
      assertThat(pool.permits().taken()).as("seed %d, round %d", seed, round).isZero();
      assertThat(pool.stats().servers()).isEmpty();
    }
  }

  private static void end(Pooled<Used> pooled, AtomicInteger endedByUsers) {
    boolean ended = pooled.slot.home.giveBack(pooled.slot, pooled.ticket);
    endedByUsers.addAndGet(ended ? 1 : 0);
  }

  private static void spin(int times) {
    for (int i = 0; i < times; i++) {
      Thread.onSpinWait();
    }
  }

  /** Nothing is open any more when it is told to wait, or from then on: it does not wait. */
  @Test
  void closeThatWaits_endsWithTheLastConnection_wheneverThatIsClosed() throws Exception {
    for (int round = 0; round < 3_000; round++) {
      ConnectionPool<Used> pool =
          ConnectionPool.builder(
                  new Connector<Used>() {
                    @Override
                    public Used connect(Server server) {
                      return new Used();
                    }

                    @Override
                    public void close(Used used) {
                      assertThat(used.closings.incrementAndGet()).isEqualTo(1);
                    }
                  })
              .executor(Runnable::run)
              .build();
      Pooled<Used> held = pool.acquire(SERVER, LONG);
      Threads.run(
          2,
          index -> {
            if (index == 0) {
              held.invalidate(new IOException("reset"));
            } else {
              assertThat(pool.close(Duration.ofDays(1))).isZero();
            }
          });
    }
  }

  /** Whoever comes as the pool is closed leaves neither a connection nor a trace of the server. */
  @Test
  void usedForTheFirstTimeAsItIsClosed_nothingSurvives() throws Exception {
    List<Server> servers = List.of(SERVER, ByHand.OTHER, Server.of("10.0.0.3", 80).withId("s2"));
    for (int round = 0; round < 4_000; round++) {
      Queue<Used> made = new ConcurrentLinkedQueue<>();
      ConnectionPool<Used> pool =
          ConnectionPool.builder(
                  new Connector<Used>() {
                    @Override
                    public Used connect(Server server) {
                      Used used = new Used();
                      made.add(used);
                      return used;
                    }

                    @Override
                    public void close(Used used) {
                      used.closings.incrementAndGet();
                    }
                  })
              .policy(PoolPolicy.builder().minPerServer(1).build())
              .executor(Runnable::run)
              .build();
      int rotated = round;
      Threads.run(
          4,
          index -> {
            if (index == 3) {
              spin(rotated % 300);
              pool.close();
              return;
            }
            Server server = servers.get((index + rotated) % 3);
            try {
              if (index == 0) {
                pool.acquire(server, LONG).close();
              } else if (index == 1) {
                pool.acquireAsync(server, LONG).join().close();
              } else {
                pool.warmUp(server);
              }
            } catch (PoolClosedException e) {
              assertThat(pool.isClosed()).isTrue();
            } catch (CompletionException e) {
              assertThat(e).hasCauseInstanceOf(PoolClosedException.class);
            }
          });
      assertThat(pool.stats().servers()).as("round %d", round).isEmpty();
      assertThat(pool.permits().taken()).as("round %d", round).isZero();
      assertThat(made).allSatisfy(used -> assertThat(used.closings).hasValue(1));
      assertThatThrownBy(() -> pool.acquire(SERVER, LONG)).isInstanceOf(PoolClosedException.class);
      assertThat(pool.stats().servers()).isEmpty();
    }
  }
}
