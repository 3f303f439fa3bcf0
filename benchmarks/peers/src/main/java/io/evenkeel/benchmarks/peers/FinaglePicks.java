package io.evenkeel.benchmarks.peers;

import com.twitter.finagle.Address;
import com.twitter.finagle.ClientConnection;
import com.twitter.finagle.NoBrokersAvailableException;
import com.twitter.finagle.Service;
import com.twitter.finagle.ServiceFactory;
import com.twitter.finagle.Stack;
import com.twitter.finagle.Status;
import com.twitter.finagle.loadbalancer.Balancers;
import com.twitter.finagle.loadbalancer.EndpointFactory;
import com.twitter.finagle.loadbalancer.LoadBalancerFactory;
import com.twitter.util.Activity;
import com.twitter.util.Await;
import com.twitter.util.Future;
import com.twitter.util.Time;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Finagle's balancers by their public factories, over endpoints whose one service is always there.
 * A use is acquire and close, for they do their accounting in the service that they hand out: there
 * is no choice alone.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FinaglePicks {

  /** Round robin, which counts nothing. */
  @State(Scope.Benchmark)
  public static class Rotation {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private ServiceFactory<String, String> balancer = new Endpoint(0);

    /** All open. */
    @Setup
    public void setUp() {
      balancer = balancer(Balancers.roundRobin(), servers);
    }
  }

  /** Two choices by load. */
  @State(Scope.Benchmark)
  public static class LeastLoaded {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private ServiceFactory<String, String> balancer = new Endpoint(0);

    /** All open and idle. */
    @Setup
    public void setUp() {
      balancer = balancer(Balancers.p2c(Balancers.p2c$default$1()), servers);
    }
  }

  /** Two choices by latency. */
  @State(Scope.Benchmark)
  public static class PeakEwma {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private ServiceFactory<String, String> balancer = new Endpoint(0);

    /** All open and idle. */
    @Setup
    public void setUp() {
      balancer =
          balancer(
              Balancers.p2cPeakEwma(
                  Balancers.p2cPeakEwma$default$1(), Balancers.p2cPeakEwma$default$2()),
              servers);
    }
  }

  /** Round robin: acquire and close. */
  @Benchmark
  public Object roundRobin(Rotation state) throws Exception {
    return use(state.balancer);
  }

  /** Two choices, least loaded: acquire and close. */
  @Benchmark
  public Object leastLoaded(LeastLoaded state) throws Exception {
    return use(state.balancer);
  }

  /** Two choices, peak EWMA: acquire and close, which is when it takes its sample. */
  @Benchmark
  public Object peakEwma(PeakEwma state) throws Exception {
    return use(state.balancer);
  }

  private static Object use(ServiceFactory<String, String> balancer) throws Exception {
    Future<Service<String, String>> future = balancer.apply(ClientConnection.nil());
    // It is there already: this looks into it and does not wait.
    Service<String, String> service = Await.result(future);
    return service.close();
  }

  private static ServiceFactory<String, String> balancer(LoadBalancerFactory factory, int servers) {
    List<EndpointFactory<String, String>> endpoints = new ArrayList<>();
    for (int i = 0; i < servers; i++) {
      endpoints.add(new Endpoint(i));
    }
    return factory.newBalancer(
        Activity.value(scala.jdk.javaapi.CollectionConverters.asScala(endpoints).toIndexedSeq()),
        new NoBrokersAvailableException("peers"),
        Stack.Params$.MODULE$.empty());
  }

  private static final class Endpoint extends ServiceFactory<String, String>
      implements EndpointFactory<String, String> {

    private final Address address;
    private final Future<Service<String, String>> service = Future.value(new Idle());

    private Endpoint(int i) {
      address = Address.apply("10.0." + (i >> 8) + "." + (i & 255), 80);
    }

    @Override
    public Address address() {
      return address;
    }

    @Override
    public double weight() {
      return 1;
    }

    @Override
    public void remake() {}

    @Override
    public Future<Service<String, String>> apply(ClientConnection connection) {
      return service;
    }

    @Override
    public Status status() {
      return Status.Open$.MODULE$;
    }

    @Override
    public Future<scala.runtime.BoxedUnit> close(Time deadline) {
      return Future.Done();
    }
  }

  private static final class Idle extends Service<String, String> {

    @Override
    public Future<String> apply(String request) {
      return Future.value(request);
    }
  }
}
