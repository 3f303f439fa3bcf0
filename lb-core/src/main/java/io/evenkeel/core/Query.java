package io.evenkeel.core;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one pick may depend on: a key, as of a user or a session, for selectors that send equal keys
 * to the same server, and the nodes already tried for the same request. Immutable.
 *
 * <p>{@link #any()} is shared and costs nothing; {@link #excluding} copies, on the retry path only.
 * Selectors that look at load ignore the key.
 */
public final class Query {

  private static final Node[] NONE = {};
  private static final Query ANY = new Query(false, null, 0, NONE, null);

  private final boolean hasKey;

  /** A text or bytes; null if there is no key, or only its hash is known. */
  private final @Nullable Object key;

  private final long keyHash;
  private final Node[] tried;

  /** Tried as well, for when they are many; none of them stands in {@link #tried}. */
  private final @Nullable Set<Node> others;

  private Query(
      boolean hasKey,
      @Nullable Object key,
      long keyHash,
      Node[] tried,
      @Nullable Set<Node> others) {
    this.hasKey = hasKey;
    this.key = key;
    this.keyHash = keyHash;
    this.tried = tried;
    this.others = others;
  }

  /** A query that any eligible node answers. */
  public static Query any() {
    return ANY;
  }

  /**
   * A query for a text: its hash is XXH64, with seed 0, of its bytes in UTF-8. O(its length).
   *
   * @param key is kept; must not change while the query is in use
   * @throws IllegalArgumentException if it is null; without a key it is {@link #any()}
   */
  public static Query forKey(CharSequence key) {
    requireKey(key);
    return new Query(true, key, KeyHash.of(key), NONE, null);
  }

  /**
   * A query for some bytes: its hash is XXH64, with seed 0, of them. O(their number).
   *
   * @param key is kept; must not change while the query is in use
   * @throws IllegalArgumentException if it is null; without a key it is {@link #any()}
   */
  public static Query forKey(byte[] key) {
    requireKey(key);
    return new Query(true, key, KeyHash.of(key), NONE, null);
  }

  /**
   * A query for a key that is hashed already; all 64 bits should depend on it. Where a selector
   * goes by another hash than XXH64, as a ring of 32-bit numbers does, this is taken in its place.
   */
  public static Query forHash(long keyHash) {
    return new Query(true, null, keyHash, NONE, null);
  }

  static void requireKey(@Nullable Object key) {
    if (key == null) {
      throw new IllegalArgumentException(
          "key: null (expected: a text or bytes; none: Query.any())");
    }
  }

  /** The key itself, a CharSequence or a byte[]; null if there is none, or only its hash. */
  @Nullable Object key() {
    return key;
  }

  /** Whether there is a key. */
  public boolean hasKey() {
    return hasKey;
  }

  /** The key's hash; 0 if there is no key. */
  public long keyHash() {
    return keyHash;
  }

  /**
   * This query, with one more node that will not do.
   *
   * @param node usually {@link Lease#node()} of a lease that failed
   */
  public Query excluding(Node node) {
    Objects.requireNonNull(node, "node");
    Node[] more = Arrays.copyOf(tried, tried.length + 1);
    more[tried.length] = node;
    return new Query(hasKey, key, keyHash, more, others);
  }

  /**
   * This query, with more nodes that will not do, as those that are known to be of no use just now;
   * those that will not do anyway are not counted twice. O(their number), and then {@link #isTried}
   * costs the same for one or for thousands.
   */
  public Query excluding(Collection<Node> nodes) {
    Set<Node> more = new HashSet<>(nodes);
    more.removeIf(this::isTried);
    if (more.isEmpty()) {
      return this;
    }
    if (others != null) {
      more.addAll(others);
    }
    return new Query(hasKey, key, keyHash, tried, more);
  }

  /** Whether this node was tried already and must not be picked; O(nodes excluded one by one). */
  public boolean isTried(Node node) {
    for (Node t : tried) {
      if (t == node) {
        return true;
      }
    }
    return others != null && others.contains(node);
  }

  /** How many nodes were tried already. */
  public int triedCount() {
    return others == null ? tried.length : tried.length + others.size();
  }

  @Override
  public String toString() {
    String text = hasKey ? String.format("key hash %016x", keyHash) : "any";
    String but = tried.length == 0 ? text : text + " but " + Arrays.toString(tried);
    return others == null ? but : but + " nor " + others;
  }
}
