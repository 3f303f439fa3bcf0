package io.grpc.util;

import io.grpc.LoadBalancerProvider;

/**
 * In gRPC's own package, for its provider of {@code round_robin} is meant to be found by the
 * service loader only, together with many that are of no use here.
 */
public final class GrpcRoundRobin {

  private GrpcRoundRobin() {}

  /** The provider. */
  public static LoadBalancerProvider provider() {
    return new SecretRoundRobinLoadBalancerProvider.Provider();
  }
}
