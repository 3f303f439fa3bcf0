package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * What is told whenever one of some nodes has more or less in flight, by the thread that made it so
 * and after that: what a selector keeps up to date beside the nodes. Set up anew for every
 * snapshot, by {@link Candidates#watch}.
 */
interface LoadWatch {

  /** A node has more in flight. */
  void worsened(int leaf);

  /** A node has less in flight. */
  void improved(int leaf);

  /**
   * One of those that a node tells of its load, and those before it. Immutable.
   *
   * @param leaf the node's number in the watch
   * @param build in which this was taken: the building of one snapshot
   */
  record Seat(LoadWatch watch, int leaf, Object build, @Nullable Seat before) {

    /** Those of these seats that were taken in a build, or those that were not. */
    static @Nullable Seat only(@Nullable Seat seats, Object build, boolean isOfBuild) {
      if (seats == null) {
        return null;
      }
      Seat rest = only(seats.before, build, isOfBuild);
      return (seats.build == build) == isOfBuild
          ? new Seat(seats.watch, seats.leaf, seats.build, rest)
          : rest;
    }
  }
}
