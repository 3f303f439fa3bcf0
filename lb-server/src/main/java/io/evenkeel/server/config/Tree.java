package io.evenkeel.server.config;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An object as a document has it, complete, with what may be left out of it. */
final class Tree extends LinkedHashMap<String, Object> {

  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // nobody serialises it
  private final Set<String> defaults = new HashSet<>();

  private transient @Nullable String brief;

  /** Says that a key has its default. */
  void leaveOut(String key) {
    defaults.add(key);
  }

  boolean mayLeaveOut(String key) {
    return defaults.contains(key);
  }

  /** The same in one text; null if there is no such text. */
  @Nullable String brief() {
    return brief;
  }

  Tree withBrief(@Nullable String brief) {
    this.brief = brief;
    return this;
  }
}
