package io.evenkeel.core;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gates of one node: one at most of each owner of a block, all of which must let a lease in.
 * Immutable.
 */
record Gates(Block block, Gate gate, @Nullable Gates rest) {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** These, with this gate in the place of that owner's, or without one. */
  static @Nullable Gates with(@Nullable Gates gates, Block block, @Nullable Gate gate) {
    Gates others = without(gates, block);
    return gate == null ? others : new Gates(block, gate, others);
  }

  private static @Nullable Gates without(@Nullable Gates gates, Block block) {
    if (gates == null || gates.block == block) {
      return gates == null ? null : gates.rest;
    }
    return new Gates(gates.block, gates.gate, without(gates.rest, block));
  }

  /** Who is to hear of the lease; null if one does not let it in, and then nobody has. */
  @Nullable Pass tryEnter() {
    OutcomeListener listener = gate.tryEnter();
    if (listener == null) {
      return null;
    }
    Pass others = null;
    boolean isIn = false;
    try {
      others = rest == null ? null : rest.tryEnter();
      isIn = rest == null || others != null;
    } finally {
      if (!isIn) {
        listener.onNeutral();
      }
    }
    return isIn ? new Pass(listener, others) : null;
  }

  @Nullable String refusal() {
    String reason = gate.refusal();
    return reason != null || rest == null ? reason : rest.refusal();
  }

  /** Who hears of one lease. What they throw is logged and goes no further. */
  record Pass(OutcomeListener listener, @Nullable Pass others) {

    void success(long latencyNanos) {
      each(heard -> heard.onSuccess(latencyNanos));
    }

    void failure(FailureKind kind, Throwable cause) {
      each(heard -> heard.onFailure(kind, cause));
    }

    void neutral() {
      each(OutcomeListener::onNeutral);
    }

    private void each(Consumer<OutcomeListener> word) {
      for (Pass pass = this; pass != null; pass = pass.others) {
        try {
          word.accept(pass.listener);
        } catch (Throwable e) {
          complain(pass.listener, e);
        }
      }
    }

    /** Must not throw. */
    private static void complain(OutcomeListener listener, Throwable cause) {
      try {
        log.warn("{} of a gate failed on an outcome", listener, cause);
      } catch (Throwable ignored) {
        // An exception may throw when it is printed, and a logger of the user's at any time.
      }
    }
  }
}
