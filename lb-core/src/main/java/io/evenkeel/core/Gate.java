package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * Decides, lease by lease, whether a node is taken: see {@link BlockOwner#gate}. Asked after the
 * selector has chosen the node, so for a gate that is always shut a block is to follow, which
 * leaves it out beforehand.
 *
 * <p>Called on threads that pick, by several at once: must return soon. What it throws reaches the
 * caller of {@code acquire}; nothing is leased.
 */
public interface Gate {

  /** Lets nobody in. */
  Gate SHUT =
      new Gate() {
        @Override
        public @Nullable OutcomeListener tryEnter() {
          return null;
        }

        @Override
        public String refusal() {
          return "shut";
        }
      };

  /**
   * Lets a lease in, or not.
   *
   * @return who is to hear how that very lease goes, one word exactly: a success, a failure, or
   *     neither, and that also where it comes to no lease; null if it is not let in
   */
  @Nullable OutcomeListener tryEnter();

  /**
   * Why {@link #tryEnter} would let nobody in now, in a few words, for {@link
   * LoadBalancer#explain}; null if it would. Must leave no trace.
   */
  @Nullable String refusal();
}
