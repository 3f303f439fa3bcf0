/**
 * Who can serve, who may be picked now, and which of them comes next.
 *
 * <p>Start at {@link io.evenkeel.core.LoadBalancer}. A {@link io.evenkeel.core.Server} is a value
 * that users write; a {@link io.evenkeel.core.Node} is that server as one balancer sees it; a
 * {@link io.evenkeel.core.Selector} picks nodes out of a fixed snapshot; a {@link
 * io.evenkeel.core.Lease} is one use of one server.
 */
@NullMarked
package io.evenkeel.core;

import org.jspecify.annotations.NullMarked;
