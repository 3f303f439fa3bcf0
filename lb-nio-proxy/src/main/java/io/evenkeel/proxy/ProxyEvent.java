package io.evenkeel.proxy;

import java.net.InetSocketAddress;

/**
 * What happened to a proxy as a whole, for {@link TcpProxyBuilder#onEvent}. What becomes of each
 * client is in the access log and in {@link ProxyStats}, and what becomes of servers in the events
 * of the balancer.
 *
 * <p>Further kinds may be added in any release: a {@code switch} over them needs a default.
 */
public sealed interface ProxyEvent {

  /**
   * It was started; the first event of all.
   *
   * @param address where it listens, with the port that it got if 0 was asked for
   */
  record Listening(InetSocketAddress address) implements ProxyEvent {}

  /**
   * At least one event loop takes nobody in for now. With {@link PauseReason#MAX_CONNECTIONS} that
   * is so as soon as the last place is taken, whether or not a client waits for one.
   *
   * <p>Loops may go on and pause again many times a second. That is one event all the same, until
   * {@link AcceptingResumed} with this reason. Several reasons may hold at a time, each with its
   * own events.
   */
  record AcceptingPaused(PauseReason reason) implements ProxyEvent {}

  /**
   * For ten seconds no event loop has paused for this reason. After {@link Draining} there is none.
   */
  record AcceptingResumed(PauseReason reason) implements ProxyEvent {}

  /**
   * It accepts no more, and its relays go on: {@link TcpProxy#drain} or {@link TcpProxy#shutdown}.
   * Once in all. It still takes in who is in the kernel's queue, which may not be done yet.
   */
  record Draining() implements ProxyEvent {}

  /**
   * It was shut down, and nothing of it is left; the last event of all.
   *
   * @param cut how many relays were cut
   */
  record Stopped(int cut) implements ProxyEvent {}
}
