package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.pool.CheckedConnector.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What each number of a {@link PoolPolicy} does, on a virtual clock. */
@Timeout(120)
class PolicyTest {

  private static final Server SERVER = Server.of("10.0.0.1", 80).withId("s0");
  private static final Server OTHER = Server.of("10.0.0.2", 80).withId("s1");
  private static final Duration NOW = Duration.ZERO;
  private static final Duration LONG = Duration.ofHours(1);

  private final VirtualTime time = new VirtualTime();
  private final List<Runnable> tasks = new ArrayList<>();
  private boolean holdsTasks;
  private boolean refuses;
  private int checks;
  private Consumer<Connection> whileChecking = connection -> {};
  private final CheckedConnector connector =
      new CheckedConnector(10) {
        @Override
        void beforeConnect(Server server) throws Exception {
          if (refuses) {
            throw new IOException("refused");
          }
        }

        @Override
        public boolean isAlive(Connection connection) {
          checks++;
          whileChecking.accept(connection);
          return super.isAlive(connection);
        }
      };
  private ConnectionPool<Connection> pool = pool(policy -> {});

  private ConnectionPool<Connection> pool(Consumer<PoolPolicy.Builder> settings) {
    PoolPolicy.Builder policy = PoolPolicy.builder();
    settings.accept(policy);
    pool =
        ConnectionPool.builder(connector)
            .policy(policy.build())
            .clock(time)
            .scheduler(time)
            .executor(
                task -> {
                  if (holdsTasks) {
                    tasks.add(task);
                  } else {
                    task.run();
                  }
                })
            .seed(1)
            .build();
    return pool;
  }

  private void runTasks() {
    List<Runnable> now = List.copyOf(tasks);
    tasks.clear();
    now.forEach(Runnable::run);
  }

  @AfterEach
  void everyConnection_isClosedOnce() {
    pool.close();
    connector.assertClean();
  }

  @Test
  void minimum_isMadeAtTheFirstUse_keptOverTheIdleTimeout_andMadeUpAgain() throws Exception {
    pool(p -> p.minPerServer(3).maxPerServer(5));
    pool.acquire(SERVER, NOW).close();
    assertThat(idle("s0")).isEqualTo(3);
    List<Pooled<Connection>> five = take(5);
    five.forEach(Pooled::close);
    time.advance(Duration.ofSeconds(70));
    assertThat(idle("s0")).isEqualTo(3);
    take(1).get(0).invalidate(new IOException("reset"));
    assertThat(idle("s0")).isEqualTo(3);
  }

  @Test
  void warmUp_connectsInParallel_butOnlySoManyAtATime() {
    pool(p -> p.minPerServer(10).maxConnecting(3));
    holdsTasks = true;
    pool.warmUp(SERVER);
    assertThat(tasks).hasSize(3);
    for (int made = 3; made <= 9; made += 3) {
      runTasks();
      assertThat(connector.made()).isEqualTo(made);
      assertThat(of("s0").connecting()).isLessThanOrEqualTo(3);
      assertThat(tasks).hasSize(Math.min(3, 10 - made));
    }
    runTasks();
    assertThat(idle("s0")).isEqualTo(10);
    holdsTasks = false;
  }

  @Test
  void warmUpThatFails_isTriedAgain_lessAndLessOften_thenMadeUp() {
    pool(p -> p.minPerServer(1).connectBackoff(Duration.ofSeconds(1), Duration.ofSeconds(8)));
    refuses = true;
    pool.warmUp(SERVER);
    assertThat(of("s0").connectFailures()).isEqualTo(1);
    time.advance(Duration.ofSeconds(60));
    // 1, 2, 4, 8, 8 … seconds, each up to a fifth shorter and up to a quarter second late.
    assertThat(of("s0").connectFailures()).isBetween(8L, 12L);
    refuses = false;
    time.advance(Duration.ofSeconds(9));
    assertThat(idle("s0")).isEqualTo(1);
  }

  @Test
  void maximumInAll_holds_andWhatComesBackGoesToWhoeverWaits() throws Exception {
    pool(p -> p.maxTotal(2));
    Pooled<Connection> a = pool.acquire(SERVER, NOW);
    Pooled<Connection> b = pool.acquire(SERVER, NOW);
    CompletableFuture<Pooled<Connection>> c = pool.acquireAsync(OTHER);
    assertThat(c).isNotDone();
    a.close(); // idle, to the wrong server
    assertThat(c).isNotDone();
    b.invalidate(new IOException("reset"));
    assertThat(c.join().connection().serverId).isEqualTo("s1");
    c.join().close();
  }

  @Test
  void dropIdleElsewhere_closesTheOneIdleTheLongest() throws Exception {
    pool(p -> p.maxTotal(3).whenFull(PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE));
    List<Pooled<Connection>> three = take(3);
    Connection oldest = three.get(1).connection();
    three.get(1).close();
    time.advance(Duration.ofSeconds(20));
    three.get(0).close();
    three.get(2).close();
    Pooled<Connection> other = pool.acquire(OTHER, NOW);
    assertThat(oldest.closings).hasValue(1);
    assertThat(connector.open()).isEqualTo(3);
    assertThat(of("s0").closed().get(CloseReason.DROPPED)).isEqualTo(1);
    other.close();
  }

  @Test
  void dropIdleElsewhere_alsoWhatBecomesIdleLater() throws Exception {
    pool(p -> p.maxTotal(2).whenFull(PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE));
    List<Pooled<Connection>> two = take(2);
    CompletableFuture<Pooled<Connection>> first = pool.acquireAsync(OTHER);
    CompletableFuture<Pooled<Connection>> second = pool.acquireAsync(OTHER);
    assertThat(first).isNotDone();
    two.get(0).close();
    assertThat(first).isDone();
    assertThat(second).isNotDone();
    two.get(1).close();
    assertThat(second).isDone();
    first.join().close();
    second.join().close();
    assertThat(of("s0").closed().get(CloseReason.DROPPED)).isEqualTo(2);
    take(1).get(0).close();
  }

  @Test
  void permitThatComesBack_goesToWhoWaits_beforeAnyMinimum() throws Exception {
    Server third = Server.of("10.0.0.3", 80).withId("s2");
    pool(p -> p.maxTotal(2).minPerServer(2).whenFull(PoolPolicy.WhenFull.DROP_IDLE_ELSEWHERE));
    pool.warmUp(SERVER);
    pool.warmUp(OTHER);
    assertThat(idle("s0")).isEqualTo(2);
    for (Server server : List.of(third, OTHER, SERVER, third, SERVER, OTHER)) {
      pool.acquire(server, NOW).close();
      time.advance(Duration.ofSeconds(1));
    }
  }

  @Test
  void whenFull_fail_refusesAtOnce_onlyWhenFull() throws Exception {
    pool(p -> p.maxPerServer(2).whenFull(PoolPolicy.WhenFull.FAIL));
    List<Pooled<Connection>> both = take(2);
    assertThatThrownBy(() -> pool.acquire(SERVER, Duration.ofMinutes(1)))
        .isInstanceOf(PoolFullException.class)
        .hasMessage("server 's0': all of its 2 connections are in use, and 0 wait");
    both.get(0).close();
    pool.acquire(SERVER, NOW).close();
    both.get(1).close();
  }

  @Test
  void waitingLimit_countsThoseForWhomThereIsNoRoom() throws Exception {
    pool(p -> p.maxPerServer(2).maxWaiting(1).maxConnecting(1));
    holdsTasks = true;
    CompletableFuture<Pooled<Connection>> a = pool.acquireAsync(SERVER);
    CompletableFuture<Pooled<Connection>> b = pool.acquireAsync(SERVER);
    CompletableFuture<Pooled<Connection>> c = pool.acquireAsync(SERVER);
    assertThat(pool.acquireAsync(SERVER)).isCompletedExceptionally();
    assertThat(of("s0").waiting()).isEqualTo(3);
    while (!tasks.isEmpty()) {
      runTasks();
    }
    assertThat(c).isNotDone();
    a.join().close();
    runTasks();
    c.join().close();
    b.join().close();
    holdsTasks = false;
  }

  @Test
  void fifo_usesTheOneGivenBackFirst() throws Exception {
    pool(p -> p.reuse(PoolPolicy.Reuse.FIFO));
    List<Pooled<Connection>> three = take(3);
    List<Connection> order = new ArrayList<>();
    for (int i : new int[] {2, 0, 1}) {
      order.add(three.get(i).connection());
      three.get(i).close();
    }
    for (int round = 0; round < 2; round++) {
      for (Connection expected : order) {
        Pooled<Connection> next = pool.acquire(SERVER, NOW);
        assertThat(next.connection()).isSameAs(expected);
        next.close();
      }
    }
  }

  @Test
  void lifo_aFewThreadsKeepFewConnectionsWarm() throws Exception {
    pool(p -> p.maxPerServer(10));
    take(10).forEach(Pooled::close);
    for (int i = 0; i < 20; i++) {
      List<Pooled<Connection>> two = take(2);
      two.forEach(Pooled::close);
      time.advance(Duration.ofSeconds(5));
    }
    assertThat(idle("s0")).isEqualTo(2);
  }

  @Test
  void lifetime_endsAtDifferentTimes_alsoOfThoseInUse() throws Exception {
    pool(p -> p.maxLifetime(Duration.ofSeconds(100)).idleTimeout(Duration.ofHours(1)));
    List<Pooled<Connection>> ten = take(10);
    Connection used = ten.get(0).connection();
    ten.subList(1, 10).forEach(Pooled::close);
    time.advance(Duration.ofSeconds(90).minusNanos(1));
    assertThat(connector.open()).isEqualTo(10);
    time.advance(Duration.ofSeconds(6));
    assertThat(connector.open()).isBetween(2L, 9L);
    time.advance(Duration.ofSeconds(10));
    assertThat(connector.open()).isEqualTo(1);
    assertThat(used.closings).hasValue(0);
    assertThat(ten.get(0).connection()).isSameAs(used);
    ten.get(0).close();
    assertThat(used.closings).hasValue(1);
    assertThat(of("s0").closed().get(CloseReason.MAX_LIFETIME)).isEqualTo(10);
  }

  @Test
  void validation_onBorrow_onlyAfterTheIdleTimeGiven() throws Exception {
    pool(p -> p.validateAfterIdle(Duration.ofSeconds(10)));
    pool.acquire(SERVER, NOW).close();
    pool.acquire(SERVER, NOW).close();
    assertThat(checks).isZero();
    time.advance(Duration.ofSeconds(13));
    pool.acquire(SERVER, NOW).close();
    assertThat(checks).isEqualTo(1);
    pool.acquire(SERVER, NOW).close();
    assertThat(checks).isEqualTo(1);
    time.advance(Duration.ofSeconds(13));
    connector.all.forEach(connection -> connection.dead = true);
    Pooled<Connection> fresh = pool.acquire(SERVER, NOW);
    assertThat(fresh.connection().dead).isFalse();
    fresh.close();
  }

  @Test
  void validation_inTheBackground_closesTheDead_andKeepsIdleTimesAsTheyAre() throws Exception {
    pool(
        p ->
            p.validationInterval(Duration.ofSeconds(4)).validateAfterIdle(Duration.ofSeconds(500)));
    take(3).forEach(Pooled::close);
    connector.all.peek().dead = true;
    time.advance(Duration.ofSeconds(20));
    assertThat(idle("s0")).isEqualTo(2);
    assertThat(of("s0").closed().get(CloseReason.DEAD)).isEqualTo(1);
    assertThat(checks).isGreaterThan(5);
    time.advance(Duration.ofSeconds(42));
    assertThat(idle("s0")).isZero();
    assertThat(of("s0").closed().get(CloseReason.IDLE_TIMEOUT)).isEqualTo(2);
  }

  @Test
  void invalidated_thoseMadeBeforeAreCheckedBeforeTheirNextUse_once() throws Exception {
    pool(p -> p.validateAfterIdle(LONG));
    List<Pooled<Connection>> five = take(5);
    five.subList(0, 4).forEach(pooled -> pooled.connection().dead = true);
    five.subList(0, 3).forEach(Pooled::close);
    Pooled<Connection> dead = pool.acquire(SERVER, NOW);
    assertThat(dead.connection().dead).isTrue();
    dead.invalidate(new IOException("reset"));
    five.get(3).close(); // was in use meanwhile, and its user has not noticed
    five.get(4).close();
    for (int round = 0; round < 2; round++) {
      List<Pooled<Connection>> next = take(5);
      assertThat(next).noneMatch(pooled -> pooled.connection().dead);
      next.forEach(Pooled::close);
    }
    assertThat(checks).isEqualTo(4);
  }

  @Test
  void validation_inTheBackground_reachesAll() throws Exception {
    pool(p -> p.validationInterval(Duration.ofSeconds(4)).validateAfterIdle(LONG));
    take(5).forEach(Pooled::close);
    Map<Connection, Integer> each = new HashMap<>();
    whileChecking = connection -> each.merge(connection, 1, Integer::sum);
    time.advance(Duration.ofSeconds(21));
    assertThat(each).hasSize(5);
    assertThat(each.values()).allMatch(count -> count >= 3);
  }

  @Test
  void leak_whileItsConnectionIsChecked_isNobodys() throws Exception {
    pool(p -> p.leakThreshold(Duration.ofSeconds(8)));
    pool.acquire(SERVER, NOW).close();
    whileChecking = connection -> time.advance(Duration.ofSeconds(60));
    pool.acquire(SERVER, NOW).close();
    assertThat(of("s0").leaks()).isZero();
  }

  @Test
  void leak_isReportedOnce_withThePlace() throws Exception {
    pool(p -> p.leakThreshold(Duration.ofSeconds(8)));
    Pooled<Connection> kept = pool.acquire(SERVER, NOW);
    time.advance(Duration.ofSeconds(7));
    assertThat(of("s0").leaks()).isZero();
    time.advance(Duration.ofSeconds(60));
    assertThat(of("s0").leaks()).isEqualTo(1);
    kept.close();
    pool.acquire(SERVER, NOW).close();
    time.advance(Duration.ofSeconds(20));
    assertThat(of("s0").leaks()).isEqualTo(1);
  }

  @Test
  void stats_countAndTime() throws Exception {
    pool(p -> p.maxPerServer(1).recordUseTimes(true));
    Pooled<Connection> a = pool.acquire(SERVER, NOW);
    CompletableFuture<Pooled<Connection>> b = pool.acquireAsync(SERVER);
    assertThat(pool.stats().waiting()).isEqualTo(1);
    assertThat(pool.stats().active()).isEqualTo(1);
    time.advance(Duration.ofMillis(100));
    a.close();
    time.advance(Duration.ofMillis(300));
    b.join().close();
    IntStream.range(0, 8).forEach(i -> pool.acquireAsync(SERVER).join().close());
    PoolStats.OfServer server = of("s0");
    assertThat(server.uses()).isEqualTo(10);
    assertThat(server.created()).isEqualTo(1);
    assertThat(server.waits().count()).isEqualTo(10);
    assertThat(server.waits().p50()).isLessThan(Duration.ofMillis(1));
    assertThat(server.waits().p90()).isLessThan(Duration.ofMillis(1));
    assertThat(server.waits().p95()).isEqualTo(server.waits().max());
    assertThat(server.waits().max()).isBetween(Duration.ofMillis(100), Duration.ofMillis(101));
    assertThat(server.useTimes().max()).isBetween(Duration.ofMillis(300), Duration.ofMillis(303));
    assertThat(server.closed().keySet()).containsExactlyInAnyOrder(CloseReason.values());
    assertThat(pool.stats().idle()).isEqualTo(1);
  }

  @Test
  void stats_deadFinds_areNeitherUsesNorWaits() throws Exception {
    List<Pooled<Connection>> three = take(3);
    three.forEach(pooled -> pooled.connection().dead = true);
    three.forEach(Pooled::close);
    pool.acquire(SERVER, NOW).close();
    assertThat(of("s0").closed().get(CloseReason.DEAD)).isEqualTo(3);
    assertThat(of("s0").uses()).isEqualTo(4);
    assertThat(of("s0").waits().count()).isEqualTo(4);
  }

  /** What happens to a connection that is granted to a thread which has just been interrupted. */
  @Test
  void stats_handedOverAndNotTaken_isNoUse() throws Exception {
    pool(p -> p.recordUseTimes(true));
    time.advance(Duration.ofHours(1));
    pool.warmUp(SERVER);
    pool.acquire(SERVER, NOW).close();
    time.advance(Duration.ofSeconds(5));
    ServerConnections<Connection> connections = pool.servers().iterator().next();
    connections.putBack(connections.borrowIdle());
    assertThat(of("s0").uses()).isEqualTo(1);
    assertThat(of("s0").useTimes().count()).isEqualTo(1);
    assertThat(idle("s0")).isEqualTo(1);
  }

  @Test
  void connectsThatFailTogether_backOffOnce() {
    pool(
        p ->
            p.minPerServer(8)
                .maxConnecting(8)
                .connectBackoff(Duration.ofSeconds(1), Duration.ofSeconds(60)));
    refuses = true;
    holdsTasks = true;
    pool.warmUp(SERVER);
    runTasks();
    assertThat(of("s0").connectFailures()).isEqualTo(8);
    time.advance(Duration.ofSeconds(2));
    runTasks();
    assertThat(of("s0").connectFailures()).isEqualTo(16);
    holdsTasks = false;
  }

  @Test
  void removedServer_closesTheIdleAtOnce_theBorrowedWhenGivenBack_turnsAwayWhoWaits()
      throws Exception {
    pool(p -> p.maxPerServer(2));
    List<Pooled<Connection>> both = take(2);
    both.get(0).close();
    Pooled<Connection> held = pool.acquire(SERVER, NOW);
    CompletableFuture<Pooled<Connection>> waiting = pool.acquireAsync(SERVER);
    pool.remove("s0");
    assertThat(waiting)
        .failsWithin(NOW)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(PoolClosedException.class)
        .withMessage("server 's0': the server was removed");
    assertThat(both.get(1).connection().closings).hasValue(0);
    both.get(1).close();
    held.close();
    assertThat(connector.open()).isZero();
    assertThat(pool.stats().servers()).isEmpty();
    pool.remove("s0"); // again, or never known
    pool.acquire(SERVER, NOW).close();
  }

  @Test
  void removedAndUsedAgain_theMaximumHoldsAllTheWhile() throws Exception {
    pool(p -> p.maxPerServer(1));
    Pooled<Connection> old = pool.acquire(SERVER, NOW);
    pool.remove("s0");
    CompletableFuture<Pooled<Connection>> next = pool.acquireAsync(SERVER);
    assertThat(next).isNotDone();
    old.close();
    assertThat(next.join().connection().number).isEqualTo(1);
    next.join().close();
  }

  @Test
  void closeIdle_closesThoseInUseWhenTheyAreGivenBack_andKeepsNoMinimum() throws Exception {
    pool(p -> p.minPerServer(2));
    Pooled<Connection> held = pool.acquire(SERVER, NOW);
    assertThat(idle("s0")).isEqualTo(1);
    pool.closeIdle("s0");
    time.advance(Duration.ofSeconds(10));
    assertThat(idle("s0")).isZero();
    assertThat(of("s0").closed().get(CloseReason.SERVER_DOWN)).isEqualTo(1);
    held.close();
    assertThat(idle("s0")).isZero();
    assertThat(of("s0").closed().get(CloseReason.SERVER_DOWN)).isEqualTo(2);
    pool.warmUp(SERVER);
    assertThat(idle("s0")).isEqualTo(2);
  }

  @Test
  void closeWithTimeout_closesTheRest_andSaysHowMany() throws Exception {
    pool(p -> p.maxPerServer(3));
    List<Pooled<Connection>> three = take(3);
    three.get(0).close();
    assertThat(pool.close(Duration.ofMillis(1))).isEqualTo(2);
    assertThat(connector.open()).isZero();
    three.forEach(Pooled::close);
    assertThatThrownBy(() -> three.get(1).connection()).isInstanceOf(IllegalStateException.class);
    assertThat(pool.close(Duration.ZERO)).isZero();
  }

  @Test
  void badPolicies_areNamedWithTheirRange() {
    assertRefused(p -> p.maxPerServer(0), "maxPerServer: 0 (expected: >= 1)");
    assertRefused(p -> p.minPerServer(-1), "minPerServer: -1 (expected: >= 0)");
    assertRefused(p -> p.minPerServer(11), "minPerServer: 11 (expected: <= maxPerServer, 10)");
    assertRefused(p -> p.minPerServer(2).maxTotal(1), "minPerServer: 2 (expected: <= maxTotal, 1)");
    assertRefused(p -> p.maxTotal(0), "maxTotal: 0 (expected: >= 1)");
    assertRefused(p -> p.maxConnecting(0), "maxConnecting: 0 (expected: >= 1)");
    assertRefused(p -> p.maxWaiting(-1), "maxWaiting: -1 (expected: >= 0)");
    Duration negative = Duration.ofSeconds(-1);
    assertRefused(p -> p.waitTimeout(negative), "waitTimeout: PT-1S (expected: >= 0)");
    assertRefused(p -> p.idleTimeout(Duration.ZERO), "idleTimeout: PT0S (expected: > 0)");
    assertRefused(p -> p.maxLifetime(negative), "maxLifetime: PT-1S (expected: >= 0)");
    assertRefused(p -> p.lifetimeJitter(1.1), "lifetimeJitter: 1.1 (expected: 0 to 1)");
    assertRefused(p -> p.lifetimeJitter(Double.NaN), "lifetimeJitter: NaN (expected: 0 to 1)");
    assertRefused(p -> p.validateAfterIdle(negative), "validateAfterIdle: PT-1S (expected: >= 0)");
    assertRefused(
        p -> p.validationInterval(negative), "validationInterval: PT-1S (expected: >= 0)");
    assertRefused(p -> p.leakThreshold(negative), "leakThreshold: PT-1S (expected: >= 0)");
    assertRefused(
        p -> p.connectBackoff(Duration.ZERO, negative), "connectBackoff: PT0S (expected: > 0)");
    assertRefused(
        p -> p.connectBackoff(Duration.ofSeconds(2), Duration.ofSeconds(1)),
        "connectBackoff: PT1S (expected: >= PT2S)");
  }

  private static void assertRefused(Consumer<PoolPolicy.Builder> settings, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> {
              PoolPolicy.Builder builder = PoolPolicy.builder();
              settings.accept(builder);
              builder.build();
            })
        .withMessage(message);
  }

  private List<Pooled<Connection>> take(int count) throws InterruptedException {
    List<Pooled<Connection>> taken = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      taken.add(pool.acquire(SERVER, NOW));
    }
    return Collections.unmodifiableList(taken);
  }

  private PoolStats.OfServer of(String id) {
    return pool.stats().of(id);
  }

  private int idle(String id) {
    PoolStats.OfServer server = of(id);
    return server == null ? 0 : server.idle();
  }
}
