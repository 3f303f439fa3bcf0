package io.evenkeel.pool;

import io.evenkeel.core.Server;

/**
 * Makes, checks and closes the connections of a {@link ConnectionPool}. Written by the user.
 *
 * <p>Called by several threads at once, and never under one of the pool's locks. What it throws
 * does the pool no harm. One that need not block to connect is an {@link AsyncConnector}.
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
   * A new connection; blocks until there is one. Called on the pool's {@linkplain
   * ConnectionPool.Builder#executor executor}, so that nobody waits longer for it than they said.
   * Should have a time limit of its own all the same: until it returns it holds a thread, and
   * counts toward the maximum.
   *
   * @param server as whoever asked last gave it
   * @return never null, and never one that is in the pool already: either is a failed connect
   * @throws Exception if there is none; who waits for it gets it as the cause of a {@link
   *     ConnectFailedException}
   */
  C connect(Server server) throws Exception;

  /**
   * Whether an idle connection may be used again; asked by the thread that is about to use it, or
   * on the pool's executor for a future, as often as {@link PoolPolicy.Builder#validateAfterIdle}
   * says and once after another of the server's was invalidated, and in the background if {@link
   * PoolPolicy.Builder#validationInterval} is set. To throw is to say no. Should be quick.
   */
  default boolean isAlive(C connection) {
    return true;
  }

  /**
   * Closes a connection; called exactly once for each, by the thread that ended its last use or on
   * the pool's executor, where one that hangs holds up no other. Until it returns, the connection
   * counts toward the maximum. What it throws is logged and goes no further.
   */
  void close(C connection) throws Exception;
}
