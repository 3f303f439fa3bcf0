package io.evenkeel.core;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands events to listeners in order, one at a time, outside any lock, without a thread of its own,
 * and writes the lines of the log that stand between them.
 *
 * <p>Changes {@link #add} under the change lock, so the queue has their order. {@link #deliver} is
 * called after the lock is released: the caller that raises {@link #undelivered} from 0 becomes the
 * one that delivers, and goes on until it has taken off as many as were put on. Any other caller, a
 * listener that makes a change among them, returns at once, since its event was counted before and
 * the deliverer cannot stop short of it.
 */
final class EventQueue {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** Events, and lines of the log. */
  private final Queue<Object> news = new ConcurrentLinkedQueue<>();

  /** Writes something into the log. */
  @FunctionalInterface
  interface Line {
    void write();
  }

  private final AtomicInteger undelivered = new AtomicInteger();
  private final CopyOnWriteArrayList<BalancerListener> listeners = new CopyOnWriteArrayList<>();

  void addListener(BalancerListener listener) {
    listeners.add(listener);
  }

  void removeListener(BalancerListener listener) {
    listeners.remove(listener);
  }

  void add(BalancerEvent event) {
    news.add(event);
  }

  /** To be written where an event added now would be delivered. */
  void log(Line line) {
    news.add(line);
  }

  void deliver() {
    if (undelivered.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      for (Object next = news.poll(); next != null; next = news.poll()) {
        if (next instanceof BalancerEvent event) {
          deliver(event);
        } else {
          write((Line) next);
        }
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

  /** As {@link #failed}, must not throw. */
  private static void write(Line line) {
    try {
      line.write();
    } catch (Throwable ignored) {
      // A logger of the user's: the change is made all the same.
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
