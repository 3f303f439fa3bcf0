package io.evenkeel.pool;

import io.evenkeel.core.Server;

/**
 * Makes, checks and closes the connections of a {@link ConnectionPool}. Written by the user.
 *
 * <p>Called by the threads that use the pool, several at once, and never under one of the pool's
 * locks: it may block, for as long as its caller can bear. What it throws does the pool no harm.
 *
 * <pre>{@code
 * class Sockets implements Connector<Socket> {
 *   public Socket connect(Server server) throws IOException {
 *     Socket socket = new Socket();
 *     socket.connect(new InetSocketAddress(server.host(), server.port()), 1_000);
 *     return socket;
 *   }
 *
 *   public void close(Socket socket) throws IOException {
 *     socket.close();
 *   }
 * }
 * }</pre>
 *
 * @param <C> the type of connection
 */
public interface Connector<C> {

  /**
   * A new connection; blocks until there is one. Should have a time limit of its own, for the pool
   * does not interrupt it.
   *
   * @param server the server as the caller of {@code acquire} gave it
   * @return never null, and never one that is in the pool already
   * @throws Exception if there is none; the caller of {@code acquire} gets it as the cause of a
   *     {@link ConnectFailedException}, but an {@link InterruptedException} as it is
   */
  C connect(Server server) throws Exception;

  /**
   * Whether a connection that was given back may be used again; asked each time before it is. To
   * throw is to say no. Should be quick.
   */
  default boolean isAlive(C connection) {
    return true;
  }

  /**
   * Closes a connection; called exactly once for each. Until it returns, the connection counts
   * toward the maximum. What it throws is logged and goes no further.
   */
  void close(C connection) throws Exception;
}
