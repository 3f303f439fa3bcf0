package io.evenkeel.core;

import io.evenkeel.core.HashRing.Change;
import io.evenkeel.core.HashRing.Move;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Walks round rings from one point to the next: who owns what, and what two of them differ in. */
final class RingDiff {

  /** One ring, and how far a walk has got. */
  private static final class Walk {
    private final HashRing ring;
    private final long[] hashes;
    private int point;

    Walk(HashRing ring) {
      this.ring = ring;
      this.hashes = ring.hashes();
    }

    /** On to the point that owns this hash. */
    void to(long hash) {
      while (point < hashes.length && Long.compareUnsigned(hashes[point], hash) < 0) {
        point++;
      }
    }

    /** The last hash of the owner's stretch, up to the largest there is. */
    long end() {
      return point < hashes.length ? hashes[point] : ring.placement().largestHash();
    }

    int owner() {
      return ring.number(point < hashes.length ? point : 0);
    }

    @Nullable Server server() {
      return hashes.length == 0 ? null : ring.serverOfNumber(owner());
    }
  }

  private RingDiff() {}

  /** By number; nothing of an empty ring. */
  static double[] shares(HashRing ring) {
    double[] shares = new double[ring.serverCount()];
    if (ring.points() == 0) {
      return shares;
    }
    Walk walk = new Walk(ring);
    long largest = ring.placement().largestHash();
    for (long first = 0; ; first = walk.end() + 1) {
      walk.to(first);
      shares[walk.owner()] += share(first, walk.end(), largest);
      if (walk.end() == largest) {
        return shares;
      }
    }
  }

  static List<Move> moves(HashRing before, HashRing after) {
    if (before.placement() != after.placement()) {
      throw new IllegalArgumentException(
          "after: a ring of placement "
              + after.placement()
              + " (expected: "
              + before.placement()
              + ", as the one before; others hash keys otherwise)");
    }
    long largest = before.placement().largestHash();
    List<Move> moves = new ArrayList<>();
    Walk old = new Walk(before);
    Walk now = new Walk(after);
    long first = 0;
    while (true) {
      old.to(first);
      now.to(first);
      long last = Long.compareUnsigned(old.end(), now.end()) < 0 ? old.end() : now.end();
      if (!isSame(old.server(), now.server())) {
        add(moves, new Move(first, last, old.server(), now.server(), 0), largest);
      }
      if (last == largest) {
        return moves;
      }
      first = last + 1;
    }
  }

  /** Alone, or as one with the last one. */
  private static void add(List<Move> moves, Move move, long largest) {
    long first = move.first();
    int end = moves.size() - 1;
    if (end >= 0
        && moves.get(end).last() + 1 == first
        && isSame(moves.get(end).from(), move.from())
        && isSame(moves.get(end).to(), move.to())) {
      first = moves.remove(end).first();
    }
    double share = share(first, move.last(), largest);
    moves.add(new Move(first, move.last(), move.from(), move.to(), share));
  }

  static Map<String, Change> changes(List<Move> moves) {
    Map<String, Change> changes = new LinkedHashMap<>();
    for (Move move : moves) {
      count(changes, move.from(), new Change(0, move.share()));
      count(changes, move.to(), new Change(move.share(), 0));
    }
    return changes;
  }

  private static void count(Map<String, Change> changes, @Nullable Server server, Change more) {
    if (server != null) {
      changes.merge(
          server.id(),
          more,
          (one, other) -> new Change(one.gained() + other.gained(), one.lost() + other.lost()));
    }
  }

  private static boolean isSame(@Nullable Server one, @Nullable Server other) {
    return Objects.equals(one == null ? null : one.id(), other == null ? null : other.id());
  }

  private static double share(long first, long last, long largest) {
    return (unsigned(last - first) + 1) / (unsigned(largest) + 1);
  }

  private static double unsigned(long number) {
    return (number >>> 1) * 2.0 + (number & 1);
  }
}
