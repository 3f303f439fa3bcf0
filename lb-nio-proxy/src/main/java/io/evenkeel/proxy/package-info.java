/**
 * A TCP balancer on java.nio, to run inside one's own process: {@link io.evenkeel.proxy.TcpProxy}.
 *
 * <p>Inside, an {@code EventLoop} is one thread with one selector; an {@code Acceptor} takes
 * clients in; a {@code Relay} is one client connection, one server connection and the bytes between
 * them, and lives and dies on one loop.
 */
@NullMarked
package io.evenkeel.proxy;

import org.jspecify.annotations.NullMarked;
