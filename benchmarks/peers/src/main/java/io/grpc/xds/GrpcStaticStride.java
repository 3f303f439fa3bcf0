package io.grpc.xds;

import io.grpc.xds.WeightedRoundRobinLoadBalancer.StaticStrideScheduler;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullMarked;

/**
 * In gRPC's own package, for the scheduler is not public, and the balancer around it takes its
 * weights from the servers' load reports only.
 */
@NullMarked
public final class GrpcStaticStride {

  private final StaticStrideScheduler scheduler;

  /** A stride over these weights. */
  public GrpcStaticStride(float[] weights) {
    scheduler = new StaticStrideScheduler(weights, new AtomicInteger());
  }

  /** The index of the next server. */
  public int pick() {
    return scheduler.pick();
  }
}
