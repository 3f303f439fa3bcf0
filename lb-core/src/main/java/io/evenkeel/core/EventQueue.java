package io.evenkeel.core;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands events to listeners in order, one at a time, outside any lock, without a thread of its own.
 *
 * <p>{@link #add} is called under the change lock, so the queue has the order of the changes.
 * {@link #deliver} is called after the lock is released: the caller that raises {@link
 * #undelivered} from 0 becomes the one that delivers, and goes on until it has taken off as many as
 * were put on. Any other caller, a listener that makes a change among them, returns at once, since
 * its event was counted before and the deliverer cannot stop short of it.
 */
final class EventQueue {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private final Queue<BalancerEvent> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger undelivered = new AtomicInteger();
  private final CopyOnWriteArrayList<BalancerListener> listeners = new CopyOnWriteArrayList<>();

  void addListener(BalancerListener listener) {
    listeners.add(listener);
  }

  void removeListener(BalancerListener listener) {
    listeners.remove(listener);
  }

  void add(BalancerEvent event) {
    events.add(event);
  }

  void deliver() {
    if (undelivered.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      for (BalancerEvent event = events.poll(); event != null; event = events.poll()) {
        deliver(event);
      }
      seen = undelivered.addAndGet(-seen);
    } while (seen != 0);
  }

  private void deliver(BalancerEvent event) {
    for (BalancerListener listener : listeners) {
      try {
        listener.onEvent(event);
      } catch (Throwable e) {
        failed(listener, event, e);
      }
    }
  }

  /** Must not throw: the deliverer would end with {@link #undelivered} above 0, and be the last. */
  private static void failed(BalancerListener listener, BalancerEvent event, Throwable cause) {
    try {
      log.warn("listener {} failed on {}", listener, event, cause);
    } catch (Throwable ignored) {
      // An exception may throw when it is printed, and a logger of the user's at any time.
    }
  }
}
