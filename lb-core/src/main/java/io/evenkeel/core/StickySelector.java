package io.evenkeel.core;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Around a selector: remembers which node a key got, and gives it that one again while it may be
 * picked, unless a bound further in says that it is full. The table is one for all selectors of a
 * line, bounded in entries, and in the time since an entry was last used.
 *
 * <p><b>Threads.</b> A new key's node is put where there is none, and a node that may not be picked
 * any more is replaced if it is still the one that was seen: of two threads with one key the second
 * finds the first one's node and takes that. Where the table's bound evicts an entry in between,
 * they may differ.
 */
final class StickySelector implements Selector, KeyedSelector.Room {

  /** How often a pick looks again because another thread changed its key's entry meanwhile. */
  private static final int MAX_ATTEMPTS = 3;

  private final Selector inner;
  private final Cache<Long, Node> table;
  private final Set<Node> members;
  private final Set<Node> eligible;

  /** Whether some of the members before are none any more, whose entries were dropped then. */
  private final boolean isAnyGone;

  private StickySelector(
      Candidates candidates,
      @Nullable StickySelector before,
      Selector inner,
      Cache<Long, Node> table) {
    this.inner = inner;
    this.table = table;
    this.members = new HashSet<>(candidates.members());
    this.eligible = new HashSet<>(candidates.eligible());
    this.isAnyGone = before != null && !members.containsAll(before.members);
    // And once more, for what picks under way over the snapshot before put in after that.
    if (isAnyGone || (before != null && before.isAnyGone)) {
      candidates.onceInForce(
          () -> table.asMap().values().removeIf(node -> !members.contains(node)));
    }
  }

  static Selector.Factory factory(Selector.Factory inner, Duration ttl, int maxEntries) {
    Objects.requireNonNull(ttl, "ttl");
    if (ttl.isZero() || ttl.isNegative()) {
      throw new IllegalArgumentException("ttl: " + ttl + " (expected: > 0)");
    }
    if (maxEntries < 1) {
      throw new IllegalArgumentException("maxEntries: " + maxEntries + " (expected: >= 1)");
    }
    return new Around(
        inner,
        false,
        Map.of("sticky_ttl", text(ttl), "sticky_max", String.valueOf(maxEntries)),
        (candidates, previous) -> {
          StickySelector before = previous instanceof StickySelector same ? same : null;
          Selector next = candidates.build(inner, before == null ? null : before.inner);
          Cache<Long, Node> table =
              before == null ? table(candidates.clock(), ttl, maxEntries) : before.table;
          return new StickySelector(candidates, before, next, table);
        });
  }

  private static String text(Duration ttl) {
    long millis = ttl.toSeconds() > Integer.MAX_VALUE ? 0 : ttl.toMillis();
    return ttl.equals(Duration.ofMillis(millis)) ? millis + "ms" : ttl.toString();
  }

  private static Cache<Long, Node> table(NanoClock clock, Duration ttl, int maxEntries) {
    return Caffeine.newBuilder()
        .maximumSize(maxEntries)
        .expireAfterAccess(ttl)
        .ticker(clock::nanoTime)
        .executor(Runnable::run) // its upkeep is done by who picks: no thread but the callers'
        .build();
  }

  @Override
  public @Nullable Node select(Query query) {
    if (!query.hasKey()) {
      return inner.select(query);
    }
    Long key = query.keyHash();
    Node seen = table.getIfPresent(key);
    Node picked = null;
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
      if (seen != null && eligible.contains(seen)) {
        if (KeyedSelector.isOpen(seen, query, this)) {
          return seen;
        }
        return picked == null ? inner.select(query) : picked; // the memory stays
      }
      if (picked == null) {
        picked = inner.select(query);
        if (picked == null) {
          return null;
        }
      }
      if (seen == null) {
        seen = table.asMap().putIfAbsent(key, picked);
        if (seen == null) {
          return picked;
        }
      } else if (table.asMap().replace(key, seen, picked)) {
        return picked;
      } else {
        seen = table.getIfPresent(key);
      }
    }
    return picked;
  }

  @Override
  public @Nullable Node peek(Query query) {
    Node seen = query.hasKey() ? table.policy().getIfPresentQuietly(query.keyHash()) : null;
    return seen != null && eligible.contains(seen) && KeyedSelector.isOpen(seen, query, this)
        ? seen
        : inner.peek(query);
  }

  /** The table knows of no bound, but what is around may be asked for those further in. */
  @Override
  public boolean isIn(Node node) {
    return KeyedSelector.Room.isIn(inner, node);
  }

  /** The nodes in the table, for tests: of entries that have not expired. */
  Set<Node> remembered() {
    table.cleanUp();
    return new HashSet<>(table.asMap().values());
  }
}
