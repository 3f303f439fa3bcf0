package io.evenkeel.proxy;

import java.nio.channels.SelectionKey;

/**
 * What hangs on one channel of an {@link EventLoop}: told on the loop when the channel is ready.
 */
interface ChannelHandler {

  /** The channel is registered under this key from now on. */
  void registered(SelectionKey key);

  /**
   * The channel is ready.
   *
   * @param readyOps bits of {@link SelectionKey}, of the operations asked for only
   */
  void ready(int readyOps);

  /** {@link #ready}, a timer or a task of this handler threw: give up and let everything go. */
  void failed(Throwable cause);
}
