package io.evenkeel.core;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/** What blocks a node at one instant, since when and why. Immutable. */
final class Blocks {

  /** Nothing blocks it. */
  static final Blocks NONE = new Blocks(new EnumMap<>(Block.class));

  /**
   * Why one block is there.
   *
   * @param sinceNanos on the balancer's clock
   */
  record Mark(long sinceNanos, String cause) {

    /** Not negative, should it have been set after the clock was read. */
    Duration age(long now) {
      return Duration.ofNanos(Math.max(0, now - sinceNanos));
    }
  }

  private final Map<Block, Mark> marks;

  /** The bits of the blocks. */
  private final int mask;

  private Blocks(EnumMap<Block, Mark> marks) {
    this.marks = Collections.unmodifiableMap(marks);
    int bits = 0;
    for (Block block : marks.keySet()) {
      bits |= block.bit();
    }
    this.mask = bits;
  }

  Blocks with(Block block, Mark mark) {
    EnumMap<Block, Mark> more = copy();
    more.put(block, mark);
    return new Blocks(more);
  }

  Blocks without(Block block) {
    EnumMap<Block, Mark> fewer = copy();
    fewer.remove(block);
    return fewer.isEmpty() ? NONE : new Blocks(fewer);
  }

  private EnumMap<Block, Mark> copy() {
    EnumMap<Block, Mark> copy = new EnumMap<>(Block.class);
    copy.putAll(marks);
    return copy;
  }

  boolean has(Block block) {
    return (mask & block.bit()) != 0;
  }

  boolean isNone() {
    return mask == 0;
  }

  /** Whether nobody but health blocks it. */
  boolean isAtMostByHealth() {
    return (mask & ~Block.BY_HEALTH) == 0;
  }

  /** In the order of the enum; unmodifiable. */
  Set<Block> kinds() {
    return marks.keySet();
  }

  /** In the order of the enum; unmodifiable. */
  Map<Block, Mark> marks() {
    return marks;
  }

  /** For people: {@code PROBE_DOWN (refused), EJECTED (5 failures in a row)}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    marks.forEach(
        (block, mark) ->
            text.append(text.length() == 0 ? "" : ", ")
                .append(block)
                .append(" (")
                .append(mark.cause())
                .append(')'));
    return text.toString();
  }
}
