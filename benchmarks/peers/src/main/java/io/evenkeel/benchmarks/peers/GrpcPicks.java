package io.evenkeel.benchmarks.peers;

import io.grpc.ClientStreamTracer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.util.GrpcRoundRobin;
import io.grpc.xds.GrpcRequestHash;
import io.grpc.xds.GrpcStaticStride;
import io.grpc.xds.LeastRequestLoadBalancerProvider;
import io.grpc.xds.RingHashLoadBalancerProvider;
import io.grpc.xds.RingHashOptions;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
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

/** gRPC's own pickers, as its balancers hand them to the channel once every subchannel is ready. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class GrpcPicks {

  /** The round robin picker, over the pickers of its children. */
  @State(Scope.Benchmark)
  public static class Rotation {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private final GrpcChannel channel = new GrpcChannel();
    private SubchannelPicker picker = channel.picker();

    /** All ready. */
    @Setup
    public void setUp() {
      picker = channel.start(GrpcRoundRobin.provider(), servers, null);
    }
  }

  /** The static stride alone, without the lists that the weighted picker looks into after it. */
  @State(Scope.Benchmark)
  public static class Stride {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private GrpcStaticStride stride = new GrpcStaticStride(new float[] {1, 1});

    /** Weights 1 to 3. */
    @Setup
    public void setUp() {
      float[] weights = new float[servers];
      for (int i = 0; i < servers; i++) {
        weights[i] = 1 + i % 3;
      }
      stride = new GrpcStaticStride(weights);
    }
  }

  /** The least request picker, of two. */
  @State(Scope.Benchmark)
  public static class LeastRequest {
    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private final GrpcChannel channel = new GrpcChannel();
    private final Metadata headers = new Metadata();
    private SubchannelPicker picker = channel.picker();

    /** All ready and idle. */
    @Setup
    public void setUp() {
      LeastRequestLoadBalancerProvider provider = new LeastRequestLoadBalancerProvider();
      picker =
          channel.start(
              provider,
              servers,
              provider.parseLoadBalancingPolicyConfig(Map.of("choiceCount", 2.0)).getConfig());
    }
  }

  /** The ring's picker, of 160 points a server, and calls with 4,096 hashes. */
  @State(Scope.Benchmark)
  public static class Ring {
    private static final int CALLS = 4_096;
    private static final double POINTS = 160;

    /** How many servers there are. */
    @Param({"10", "100", "1000", "10000"})
    public int servers;

    private final GrpcChannel channel = new GrpcChannel();
    private final PickSubchannelArgs[] calls = new PickSubchannelArgs[CALLS];
    private SubchannelPicker picker = channel.picker();
    private int next;

    /** All ready. */
    @Setup
    public void setUp() {
      RingHashLoadBalancerProvider provider = new RingHashLoadBalancerProvider();
      RingHashOptions.setRingSizeCap(Long.MAX_VALUE);
      double size = POINTS * servers;
      picker =
          channel.start(
              provider,
              servers,
              provider
                  .parseLoadBalancingPolicyConfig(Map.of("minRingSize", size, "maxRingSize", size))
                  .getConfig());
      SplittableRandom random = new SplittableRandom(1);
      Arrays.setAll(calls, i -> GrpcChannel.args(GrpcRequestHash.options(random.nextLong())));
    }
  }

  /** {@code round_robin}. */
  @Benchmark
  public @Nullable Object roundRobin(Rotation state) {
    return state.picker.pickSubchannel(GrpcChannel.ARGS).getSubchannel();
  }

  /** {@code weighted_round_robin}, the choice alone: less work than its picker does. */
  @Benchmark
  public int staticStride(Stride state) {
    return state.stride.pick();
  }

  /**
   * {@code least_request_experimental}, of two, with its accounting: a tracer that counts the
   * stream as in flight, and no more once it is closed.
   */
  @Benchmark
  public @Nullable Object leastRequest(LeastRequest state) {
    PickResult result = state.picker.pickSubchannel(GrpcChannel.ARGS);
    ClientStreamTracer tracer =
        Objects.requireNonNull(result.getStreamTracerFactory())
            .newClientStreamTracer(GrpcChannel.STREAM, state.headers);
    tracer.streamCreated(io.grpc.Attributes.EMPTY, state.headers);
    tracer.streamClosed(Status.OK);
    return result.getSubchannel();
  }

  /** {@code ring_hash_experimental}, of a call whose hash is there, one of 4,096. */
  @Benchmark
  public @Nullable Object ringHash(Ring state) {
    PickSubchannelArgs call = state.calls[state.next++ & (Ring.CALLS - 1)];
    return state.picker.pickSubchannel(call).getSubchannel();
  }
}
