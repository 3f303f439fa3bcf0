package io.evenkeel.server.admin;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

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

  private static final long SWEEP_MILLIS = 500;

  private final InetSocketAddress address;
  private final EventLog events;
  private final History history;
  private final PrometheusPage prometheus;
  private final EventStreams streams;
  private final ScheduledThreadPoolExecutor timer;
  private final JettyFront front;

  AdminServer(AdminServerBuilder builder, InetSocketAddress wanted) throws IOException {
    AdminServerBuilder.Limits limits = builder.limits;
    Inventory inventory = builder.inventory;
    ConfigControl control = builder.control;
    BooleanSupplier draining = () -> control != null && control.isDraining();
    events = inventory.events();
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
    QueuedThreadPool threads = JettyFront.threads();
    Views views = new Views(inventory, history, draining);
    Sessions sessions = new Sessions(builder.clock, limits.sessions(), limits.session());
    Access access = new Access(new Tokens(builder.tokens), sessions);
    Deadlines deadlines = new Deadlines(builder.clock, limits.header(), limits.exchange());
    streams =
        new EventStreams(
            events,
            sparks -> views.stats(sparks).toString(),
            access::holds,
            limits.streams(),
            limits.streamBytes());
    Targets targets = new Targets(inventory);
    Changes changes = new Changes(inventory, targets, views, control, threads);
    Routes routes =
        new Routes(
            inventory, targets, views, changes, streams, deadlines, prometheus, access, sessions);
    front =
        new JettyFront(
            wanted,
            threads,
            limits.connections(),
            limits.exchange().toMillis(),
            deadlines,
            timer,
            new AdminHandler(
                new Router(routes.table()),
                access,
                deadlines,
                timer,
                limits.wrongToken().toMillis()));
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
            deadlines::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Begins one that shows this inventory. */
  public static AdminServerBuilder builder(Inventory inventory) {
    return new AdminServerBuilder(inventory);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return address;
  }

  /** What has happened; the inventory's. */
  public EventLog eventLog() {
    return events;
  }

  /**
   * Stops listening, cuts off those who are connected, and ends all threads of this server. What a
   * drain was to bring about afterwards does not come any more. Idempotent.
   */
  @Override
  public synchronized void close() {
    streams.close();
    front.stop();
    timer.shutdownNow();
    history.close();
    prometheus.close();
    try { // for a look at deadlines that is under way
      boolean unused = timer.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
