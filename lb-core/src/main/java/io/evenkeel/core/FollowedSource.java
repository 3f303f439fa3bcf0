package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * Which source a balancer follows, if any. Changed under the balancer's change lock, read by
 * anyone.
 */
final class FollowedSource {

  private volatile @Nullable Discovery current;

  /** Guarded by the balancer's change lock. */
  private boolean closed;

  @Nullable Discovery current() {
    return current;
  }

  boolean follows(@Nullable ServerSource source) {
    Discovery now = current;
    return now == null ? source == null : now.isOf(source);
  }

  /** Under the change lock. Throws where nobody would close another source. */
  void requireOpen() {
    if (closed) {
      throw new IllegalStateException("source: the balancer is closed");
    }
  }

  /** Under the change lock: the one before, whose late lists are ignored from now on. */
  @Nullable Discovery replace(@Nullable Discovery next) {
    Discovery before = current;
    if (before != null) {
      before.retire();
    }
    current = next;
    return before;
  }

  /** Under the change lock: the one that is to be closed. */
  @Nullable Discovery close() {
    closed = true;
    return current;
  }
}
