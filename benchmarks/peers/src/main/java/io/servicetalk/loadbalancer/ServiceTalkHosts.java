package io.servicetalk.loadbalancer;

import static io.servicetalk.concurrent.api.Completable.completed;

import io.servicetalk.client.api.ConnectionFactory;
import io.servicetalk.client.api.LoadBalancedConnection;
import io.servicetalk.client.api.RequestTracker;
import io.servicetalk.concurrent.api.Completable;
import io.servicetalk.concurrent.api.Single;
import io.servicetalk.context.api.ContextMap;
import io.servicetalk.loadbalancer.DefaultLoadBalancer.PrioritizedHostImpl;
import io.servicetalk.transport.api.TransportObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * ServiceTalk's own host selectors over its own hosts, each with one open connection. In
 * ServiceTalk's package, for neither is public: the balancer around them adds a deferred {@code
 * Single} to every pick, and so costs more than what is measured here.
 */
@NullMarked
public final class ServiceTalkHosts {

  private final HostSelector<String, Connection> selector;

  private ServiceTalkHosts(HostSelector<String, Connection> selector) {
    this.selector = selector;
  }

  /** Its round robin, by weight unless all weights are the same. */
  public static ServiceTalkHosts roundRobin(int hosts, ToDoubleFunction<Integer> weight) {
    return new ServiceTalkHosts(
        new RoundRobinSelector<>(hosts(hosts, weight, false), "peers", false, false));
  }

  /** Its two choices by the latency that is measured, as by default (an EWMA of 10 s half-life). */
  public static ServiceTalkHosts twoChoices(int hosts) {
    return new ServiceTalkHosts(
        new P2CSelector<>(hosts(hosts, i -> 1, true), "peers", false, 5, false, null));
  }

  /**
   * Selects a connection of the next host.
   *
   * @param taken is asked whether it will take the one that was chosen
   */
  public Single<Connection> select(Predicate<Connection> taken) {
    return selector.selectConnection(taken, null, false);
  }

  private static List<Host<String, Connection>> hosts(
      int count, ToDoubleFunction<Integer> weight, boolean measured) {
    ConnectionSelector<Connection> connections =
        LinearSearchConnectionSelector.<Connection>factory(16).buildConnectionSelector("peers");
    List<Host<String, Connection>> hosts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      DefaultHost<String, Connection> host =
          new DefaultHost<>(
              "peers",
              "10.0." + (i >> 8) + "." + (i & 255),
              connections,
              new Connections(),
              0,
              NoopLoadBalancerObserver.instance().hostObserver("peers"),
              null,
              measured ? new Ewma() : null);
      try {
        host.newConnection(c -> true, false, null).toFuture().get();
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException(e);
      }
      hosts.add(new PrioritizedHostImpl<>(host, weight.applyAsDouble(i), 0));
    }
    return hosts;
  }

  /** A connection that is always open. */
  public static final class Connection implements LoadBalancedConnection {

    private final @Nullable RequestTracker tracker;

    private Connection(@Nullable RequestTracker tracker) {
      this.tracker = tracker;
    }

    /** What counts and times the requests of its host. */
    public RequestTracker tracker() {
      return Objects.requireNonNull(tracker);
    }

    @Override
    public int score() {
      return 1;
    }

    @Override
    public Result tryRequest() {
      return Result.Accepted;
    }

    @Override
    public void requestFinished() {}

    @Override
    public boolean tryReserve() {
      return true;
    }

    @Override
    public Completable releaseAsync() {
      return completed();
    }

    @Override
    public Completable closeAsync() {
      return completed();
    }

    @Override
    public Completable onClose() {
      return Completable.never();
    }
  }

  private static final class Connections implements ConnectionFactory<String, Connection> {

    @Override
    public Single<Connection> newConnection(
        String address, @Nullable ContextMap context, @Nullable TransportObserver observer) {
      return Single.succeeded(
          new Connection(context == null ? null : context.get(RequestTracker.REQUEST_TRACKER_KEY)));
    }

    @Override
    public Completable closeAsync() {
      return completed();
    }

    @Override
    public Completable onClose() {
      return Completable.never();
    }
  }

  /** As the balancer's own without outlier detection, which is a private class of that one. */
  private static final class Ewma extends DefaultRequestTracker
      implements HealthIndicator<String, Connection> {

    private Ewma() {
      super(
          OutlierDetectorConfig.DEFAULT_CONFIG.ewmaHalfLife().toNanos(),
          OutlierDetectorConfig.DEFAULT_CONFIG.ewmaCancellationPenalty(),
          OutlierDetectorConfig.DEFAULT_CONFIG.ewmaErrorPenalty(),
          OutlierDetectorConfig.DEFAULT_CONFIG.concurrentRequestPenalty());
    }

    @Override
    long currentTimeNanos() {
      return System.nanoTime();
    }

    @Override
    public boolean isHealthy() {
      return true;
    }

    @Override
    public void setHost(Host<String, Connection> host) {}

    @Override
    public long beforeConnectStart() {
      return currentTimeNanos();
    }

    @Override
    public void onConnectSuccess(long beforeConnectStart) {}

    @Override
    public void onConnectError(long beforeConnectStart, ConnectTracker.ErrorClass errorClass) {}

    @Override
    public void cancel() {}
  }
}
