package io.grpc.xds;

import io.grpc.CallOptions;
import org.jspecify.annotations.NullMarked;

/** In gRPC's own package, for only its own resolver knows where a call has the hash of its key. */
@NullMarked
public final class GrpcRequestHash {

  private GrpcRequestHash() {}

  /** The options of a call of this hash. */
  public static CallOptions options(long hash) {
    return CallOptions.DEFAULT.withOption(XdsNameResolver.RPC_HASH_KEY, hash);
  }
}
