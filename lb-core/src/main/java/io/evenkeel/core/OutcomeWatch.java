package io.evenkeel.core;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Somebody who hears of outcomes: one listener for each node, kept with the node, so that an
 * outcome costs no look-up and what is known of a server goes with it. See {@link
 * LoadBalancer#watchOutcomes}. Safe for use by any thread.
 *
 * @param <L> its listeners
 */
public final class OutcomeWatch<L extends OutcomeListener> implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** What a node keeps. */
  record Place<L extends OutcomeListener>(OutcomeWatch<L> watch, L listener) {

    void success(long latencyNanos) {
      try {
        listener.onSuccess(latencyNanos);
      } catch (Throwable e) {
        watch.failed(e);
      }
    }

    void failure(FailureKind kind, Throwable cause) {
      try {
        listener.onFailure(kind, cause);
      } catch (Throwable e) {
        watch.failed(e);
      }
    }

    void neutral() {
      try {
        listener.onNeutral();
      } catch (Throwable e) {
        watch.failed(e);
      }
    }
  }

  private final ControlPlane control;
  private final Function<? super Node, ? extends L> factory;
  private final AtomicBoolean hasFailed = new AtomicBoolean();

  OutcomeWatch(ControlPlane control, Function<? super Node, ? extends L> factory) {
    this.control = control;
    this.factory = factory;
  }

  /** The listener of a node; null if it has none: this is closed, or it was no member since. */
  @SuppressWarnings("unchecked") // whose place is this watch's
  public @Nullable L of(Node node) {
    Place<?>[] places = node.places();
    if (places != null) {
      for (Place<?> place : places) {
        if (place.watch == this) {
          return (L) place.listener;
        }
      }
    }
    return null;
  }

  /**
   * Ends it: an outcome that is being said may still be heard. Waits for a change that is being
   * made. Idempotent.
   */
  @Override
  public void close() {
    control.unwatch(this);
  }

  /** Of this watch, for a node that has none. */
  Place<L> place(Node node) {
    L listener = factory.apply(node);
    if (listener == null) { // a user's factory may not have been checked for nullness
      throw new NullPointerException("listener: " + factory + " returned null");
    }
    return new Place<>(this, listener);
  }

  /** Logs it, once. Must not throw. */
  void failed(Throwable cause) {
    if (!hasFailed.getAndSet(true)) {
      try {
        log.warn("a listener of outcomes failed; if it fails again, nothing is said", cause);
      } catch (Throwable ignored) {
        // An exception may throw when it is printed, and a logger of the user's at any time.
      }
    }
  }
}
