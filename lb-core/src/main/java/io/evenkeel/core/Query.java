package io.evenkeel.core;

import java.util.Arrays;
import java.util.Objects;

/**
 * What one pick may depend on: the nodes already tried for the same request. Immutable.
 *
 * <p>{@link #any()} is shared and costs nothing; {@link #excluding} copies, on the retry path only.
 */
public final class Query {

  private static final Query ANY = new Query(new Node[0]);

  private final Node[] tried;

  private Query(Node[] tried) {
    this.tried = tried;
  }

  /** A query that any eligible node answers. */
  public static Query any() {
    return ANY;
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
    return new Query(more);
  }

  /** Whether this node was tried already and must not be picked; O(nodes tried). */
  public boolean isTried(Node node) {
    for (Node t : tried) {
      if (t == node) {
        return true;
      }
    }
    return false;
  }

  /** How many nodes were tried already. */
  public int triedCount() {
    return tried.length;
  }

  @Override
  public String toString() {
    return tried.length == 0 ? "any" : "any but " + Arrays.toString(tried);
  }
}
