package io.grpc.util;

import io.grpc.LoadBalancerProvider;
import org.jspecify.annotations.NullMarked;

/**
 * In gRPC's own package, for its provider of {@code round_robin} is meant to be found by the
 * service loader only, together with many that are of no use here.
 */
@NullMarked
public final class GrpcRoundRobin {

  private GrpcRoundRobin() {}

  /** The provider. */
  public static LoadBalancerProvider provider() {
    return new SecretRoundRobinLoadBalancerProvider.Provider();
  }
}
