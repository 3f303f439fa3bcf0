package io.evenkeel.benchmarks.pools;

/** A pool of ten things, all of them made before it is measured. */
interface Contestant {

  int SIZE = 10;

  /** What the longest waits for; nobody should. */
  long PATIENCE_SECONDS = 30;

  /** Takes one, or waits until it can. */
  Object borrow() throws Exception;

  /** Gives back what {@link #borrow} gave. */
  void giveBack(Object borrowed) throws Exception;
}
