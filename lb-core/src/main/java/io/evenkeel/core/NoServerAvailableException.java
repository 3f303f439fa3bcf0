package io.evenkeel.core;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** No server could be picked. The message names each server (the first ten) and why not. */
public final class NoServerAvailableException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient Snapshot snapshot;

  /** As of a balancer that waits for something, which is why it may have no members. */
  NoServerAvailableException(Snapshot snapshot, Query query, @Nullable String waitsFor) {
    super(
        waitsFor != null && snapshot.members().isEmpty()
            ? "no server available: " + waitsFor
            : snapshot.whyNot(query));
    this.snapshot = snapshot;
  }

  /**
   * The blocks of every member by server id, at the time of the pick. A server with none was tried
   * already, is at its limit, or has weight 0. Empty where the exception was deserialised.
   */
  public Map<String, Set<Block>> blocks() {
    return snapshot == null ? Map.of() : snapshot.blocks();
  }
}
