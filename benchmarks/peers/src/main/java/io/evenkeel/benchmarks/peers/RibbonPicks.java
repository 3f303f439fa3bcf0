package io.evenkeel.benchmarks.peers;

import com.netflix.loadbalancer.BaseLoadBalancer;
import com.netflix.loadbalancer.BestAvailableRule;
import com.netflix.loadbalancer.ILoadBalancer;
import com.netflix.loadbalancer.IRule;
import com.netflix.loadbalancer.LoadBalancerStats;
import com.netflix.loadbalancer.RoundRobinRule;
import com.netflix.loadbalancer.Server;
import com.netflix.loadbalancer.ServerStats;
import com.netflix.loadbalancer.WeightedResponseTimeRule;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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

/** Ribbon's rules over its own balancer, all servers alive and no pings: the choice alone. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RibbonPicks {

  /** Round robin. */
  @State(Scope.Benchmark)
  public static class Rotation {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private final IRule rule = new RoundRobinRule();

    /** All alive. */
    @Setup
    public void setUp() {
      balancer(rule, servers);
    }
  }

  /** By response time. */
  @State(Scope.Benchmark)
  public static class ResponseTime {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private final WeightedResponseTimeRule rule = new WeightedResponseTimeRule();

    /** All alive; the rule works out its weights once every server has answered. */
    @Setup
    public void setUp() {
      BaseLoadBalancer balancer = balancer(new RoundRobinRule(), servers);
      for (Server server : balancer.getAllServers()) {
        ServerStats stats = balancer.getLoadBalancerStats().getSingleServerStat(server);
        stats.noteResponseTime(5);
      }
      rule.setLoadBalancer(balancer);
    }
  }

  /** The one with the fewest requests. */
  @State(Scope.Benchmark)
  public static class BestAvailable {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private final IRule rule = new BestAvailableRule();

    /** All alive and idle. */
    @Setup
    public void setUp() {
      balancer(rule, servers);
    }
  }

  /** {@code RoundRobinRule}. */
  @Benchmark
  public @Nullable Object roundRobin(Rotation state) {
    return state.rule.choose(null);
  }

  /** {@code WeightedResponseTimeRule}, over weights worked out beforehand. */
  @Benchmark
  public @Nullable Object responseTime(ResponseTime state) {
    return state.rule.choose(null);
  }

  /** {@code BestAvailableRule}. */
  @Benchmark
  public @Nullable Object bestAvailable(BestAvailable state) {
    return state.rule.choose(null);
  }

  private static BaseLoadBalancer balancer(IRule rule, int servers) {
    BaseLoadBalancer balancer =
        new BaseLoadBalancer("peers", rule, new LoadBalancerStats("peers"), null);
    List<Server> all = new ArrayList<>();
    for (int i = 0; i < servers; i++) {
      Server server = new Server("10.0." + (i >> 8) + "." + (i & 255), 80);
      server.setAlive(true);
      server.setReadyToServe(true);
      all.add(server);
    }
    balancer.addServers(all);
    rule.setLoadBalancer(balancer);
    if (((ILoadBalancer) balancer).getReachableServers().size() != servers) {
      throw new IllegalStateException("alive: " + balancer.getReachableServers().size());
    }
    return balancer;
  }
}
