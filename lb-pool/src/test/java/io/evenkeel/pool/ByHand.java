package io.evenkeel.pool;

import io.evenkeel.core.NanoClock;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * A connector whose connects end when a test ends them, an executor whose tasks run when a test
 * runs them (at once, unless it holds them), and a clock that a test can interrupt. Of one thread.
 */
final class ByHand implements AsyncConnector<ByHand.Connection>, Executor, NanoClock {

  static final Server SERVER = Server.of("10.0.0.1", 80).withId("s0");
  static final Server MOVED = Server.of("10.9.9.9", 80).withId("s0");
  static final Server OTHER = Server.of("10.0.0.2", 80).withId("s1");

  /** Where it leads. */
  static final class Connection {
    final Server server;
    boolean dead;
    int closings;
    int checks;

    Connection(Server server) {
      this.server = server;
    }
  }

  /** One that has been begun. */
  static final class Connect extends CompletableFuture<Connection> {
    final Server server;

    Connect(Server server) {
      this.server = server;
    }

    Connection succeed() {
      Connection connection = new Connection(server);
      complete(connection);
      return connection;
    }
  }

  final VirtualTime time = new VirtualTime();
  final Deque<Connect> connects = new ArrayDeque<>();
  final List<Runnable> tasks = new ArrayList<>();
  boolean connectsAtOnce = true;
  boolean holdsTasks;
  Runnable whileChecking = () -> {};
  final Deque<Runnable> atNextReading = new ArrayDeque<>();

  ConnectionPool<Connection> pool(Consumer<PoolPolicy.Builder> settings) {
    PoolPolicy.Builder policy = PoolPolicy.builder();
    settings.accept(policy);
    return ConnectionPool.builder(this)
        .policy(policy.build())
        .clock(this)
        .scheduler(time)
        .executor(this)
        .seed(1)
        .build();
  }

  @Override
  public CompletionStage<Connection> connectAsync(Server server) {
    Connect connect = new Connect(server);
    if (connectsAtOnce) {
      connect.succeed();
    } else {
      connects.add(connect);
    }
    return connect;
  }

  @Override
  public boolean isAlive(Connection connection) {
    connection.checks++;
    whileChecking.run();
    return !connection.dead;
  }

  @Override
  public void close(Connection connection) {
    connection.closings++;
  }

  @Override
  public void execute(Runnable task) {
    if (holdsTasks) {
      tasks.add(task);
    } else {
      task.run();
    }
  }

  void runTasks() {
    List<Runnable> now = List.copyOf(tasks);
    tasks.clear();
    now.forEach(Runnable::run);
  }

  @Override
  public long nanoTime() {
    Runnable next = atNextReading.poll();
    if (next != null) {
      next.run();
    }
    return time.nanoTime();
  }
}
