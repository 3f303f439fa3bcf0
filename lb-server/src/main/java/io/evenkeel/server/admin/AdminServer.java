package io.evenkeel.server.admin;

import io.evenkeel.server.config.AdminConfig.Token;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The admin API, the dashboard and the metrics of an {@link Inventory}, over HTTP. Beside a
 * balancer of one's own:
 *
 * <pre>{@code
 * Inventory inventory = new Inventory();
 * inventory.put(Inventory.Balancer.of("web", balancer));
 * try (AdminServer admin = AdminServer.builder(inventory).bind("127.0.0.1", 9901).start()) {
 *   ...
 * }
 * }</pre>
 *
 * <p>Listens on loopback unless told otherwise, and beyond that only for those who hold a token.
 * All of its threads are daemons, a dozen at most, named {@code evenkeel-admin-...} and {@code
 * evenkeel-history}; none is there after {@link #close}. Closes nothing of the inventory's. Safe
 * for use by any thread.
 */
public final class AdminServer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

  private static final long SWEEP_MILLIS = 500;

  private final InetSocketAddress address;
  private final History history;
  private final PrometheusPage prometheus;
  private final Access access;
  private final EventStreams streams;
  private final ScheduledThreadPoolExecutor timer;
  private final Connections connections;
  private final Duration lastAnswers;
  private final AdminHandler handler;
  private final JettyFront front;

  /** Closes it, once it is begun; guarded by this. */
  private @Nullable Thread closing;

  AdminServer(AdminServerBuilder builder, InetSocketAddress wanted) throws IOException {
    AdminServerBuilder.Limits limits = builder.limits;
    Inventory inventory = builder.inventory;
    ConfigControl control = builder.control;
    BooleanSupplier draining = () -> control != null && control.isDraining();
    lastAnswers = limits.lastAnswers();
    history = new History(inventory);
    prometheus = new PrometheusPage(inventory);
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "evenkeel-admin-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    Views views = new Views(inventory, history, draining);
    Sessions sessions = new Sessions(builder.clock, limits.sessions(), limits.session());
    WrongTokens wrongTokens = new WrongTokens(builder.clock, text -> LOG.warn("admin: {}", text));
    access = new Access(new Tokens(builder.tokens), sessions, wrongTokens, wanted.getAddress());
    connections =
        new Connections(builder.clock, limits.header(), limits.exchange(), limits.connections());
    streams =
        new EventStreams(
            inventory.events(),
            (balancer, sparks) ->
                balancer != null && inventory.balancer(balancer) == null
                    ? null
                    : views.stats(balancer, sparks).toString(),
            access::holds,
            limits.streams(),
            limits.streamBytes());
    Targets targets = new Targets(inventory);
    Changes changes = new Changes(inventory, targets, views, control);
    Routes routes =
        new Routes(
            inventory, targets, views, changes, streams, connections, prometheus, access, sessions);
    handler =
        new AdminHandler(
            new Router(routes.table()),
            access,
            connections,
            prometheus,
            timer,
            limits.wrongToken().toMillis());
    front =
        new JettyFront(
            wanted,
            JettyFront.threads(),
            limits.exchange().toMillis(),
            connections,
            prometheus,
            timer,
            handler);
    try {
      front.start();
    } catch (IOException | RuntimeException e) {
      timer.shutdownNow();
      prometheus.close();
      throw e;
    }
    address = new InetSocketAddress(wanted.getAddress(), front.port());
    history.start();
    streams.start();
    var unused =
        timer.scheduleWithFixedDelay(
            () -> sweep(wrongTokens), SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void sweep(WrongTokens wrongTokens) {
    try {
      connections.sweep();
      wrongTokens.sweep();
    } catch (RuntimeException e) { // or there would be no further look
      LOG.error("admin: a look at the deadlines failed", e);
    }
  }

  /** Begins one that shows this inventory. */
  public static AdminServerBuilder builder(Inventory inventory) {
    return new AdminServerBuilder(inventory);
  }

  /**
   * Lets in who holds one of these from now on, and nobody else. Those who were let in by others
   * have to show another one; their streams of events end within seconds.
   *
   * @param tokens each as by {@link AdminServerBuilder#token}; none where everybody may ask, on
   *     loopback
   * @throws IllegalArgumentException if one is not good, or there is none and it listens beyond
   *     loopback; nothing has changed
   */
  public void useTokens(List<Token> tokens) {
    checkTokens(tokens);
    access.use(new Tokens(tokens));
  }

  /**
   * Looks whether {@link #useTokens} would take these, and changes nothing.
   *
   * @throws IllegalArgumentException if it would not
   */
  public void checkTokens(List<Token> tokens) {
    AdminServerBuilder checked = new AdminServerBuilder(new Inventory());
    tokens.forEach(token -> checked.token(token.name(), token.secret(), token.role()));
    InetAddress bound = address.getAddress();
    AdminServerBuilder.requireTokensBeyondLoopback(bound.getHostAddress(), bound, tokens);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return address;
  }

  /**
   * Stops listening, ends the streams of events, lets requests of those who were let in have their
   * answer, for two seconds at most, then cuts off who is still connected, and ends all threads of
   * this server. A removal that waits for a drain is done when that is over all the same, as long
   * as there is the balancer. Idempotent.
   *
   * <p>Returns when that is done; but if it is called by what a request to this very server asks
   * for, as a change of its own address, it returns at once: the answer has to go out first.
   */
  @Override
  public void close() {
    Thread thread;
    synchronized (this) {
      if (closing == null) {
        // One of its own, for an answer must not wait for itself, nor a step be left out because
        // the caller's thread is interrupted.
        Thread ending = new Thread(this::end, "evenkeel-admin-close");
        ending.setDaemon(true);
        ending.start(); // which may lack memory: then it is for the next call
        closing = ending;
      }
      thread = closing;
    }
    if (handler.isHere()) {
      return;
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void end() {
    step(handler::end);
    step(front::stopListening);
    step(streams::close);
    step(() -> connections.awaitAnswers(lastAnswers));
    step(front::stop);
    step(timer::shutdownNow);
    step(history::close);
    step(prometheus::close);
    // For a look at deadlines that is under way.
    step(() -> timer.awaitTermination(5, TimeUnit.SECONDS));
  }

  private interface Step {
    void take() throws InterruptedException;
  }

  /** Whatever one throws, the others are taken. */
  private static void step(Step step) {
    try {
      step.take();
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts it", e);
    } catch (RuntimeException e) {
      LOG.error("admin: could not close all of it", e);
    }
  }
}
