package io.evenkeel.core;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all selectors have in common that send equal keys to the same node: each key has an order of
 * its own over the members, which depends on nothing but the key and the members, and gets the
 * first node in it that may be picked. So the keys of a blocked node go to the next in their own
 * order, all others stay, and they come back when it does; retries walk the same order.
 *
 * <p>A query without a key gets a random place, and so a random order: picks without keys are
 * spread as the keys are. That is said once in the life of a balancer.
 */
abstract class KeyedSelector implements Selector {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** Whether a node may have one more: what a bound on loads adds to a selector. */
  @FunctionalInterface
  interface Room {
    boolean isIn(Node node);
  }

  /**
   * Makes such selectors. They place keys by configured weights, if any, for other programs to
   * agree with, and so whatever a slow start makes of these.
   */
  @FunctionalInterface
  interface Factory extends Selector.Factory {}

  private final Environment environment;

  KeyedSelector(Candidates candidates) {
    this.environment = candidates.environment();
  }

  @Override
  public final @Nullable Node select(Query query) {
    return select(query, null);
  }

  /** The first node in the key's order that is eligible, not tried, and has room if that counts. */
  final @Nullable Node select(Query query, @Nullable Room room) {
    return select(query.hasKey() ? place(query) : anyPlace(), query, room);
  }

  @Override
  public final @Nullable Node peek(Query query) {
    return query.hasKey() ? select(place(query), query, null) : null;
  }

  private long anyPlace() {
    if (environment.keylessPick().compareAndSet(false, true)) {
      log.warn(
          "a pick came without a key, and this selector goes by keys: such picks are spread over the"
              + " servers by chance (give a key: acquire(key), call(key, …))");
    }
    return environment.random().next();
  }

  /** Where this key begins in the selector's own numbers; all 64 bits of others are possible. */
  long place(Query query) {
    return query.keyHash();
  }

  /** Whether an eligible node may be picked. */
  static boolean isOpen(Node node, Query query, @Nullable Room room) {
    return !query.isTried(node) && (room == null || room.isIn(node));
  }

  /** From this place on. */
  abstract @Nullable Node select(long place, Query query, @Nullable Room room);
}
