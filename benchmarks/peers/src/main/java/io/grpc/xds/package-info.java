/** What of gRPC's own package is not public. */
@NullMarked
package io.grpc.xds;

import org.jspecify.annotations.NullMarked;
