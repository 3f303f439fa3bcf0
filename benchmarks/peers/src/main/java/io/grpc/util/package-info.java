/** What of gRPC's own package is not public. */
@NullMarked
package io.grpc.util;

import org.jspecify.annotations.NullMarked;
