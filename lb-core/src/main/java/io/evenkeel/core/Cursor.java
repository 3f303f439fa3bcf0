package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A number that every pick of every thread moves on. It shares no cache line with anything else,
 * nor the line beside that, which is fetched along: next to what picks only read, each move would
 * take that away from the other cores as well.
 */
final class Cursor {

  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

  /** In longs: a cache line of 64 bytes and the one beside it. */
  private static final int PADDING = 16;

  private final long[] cells = new long[2 * PADDING];

  Cursor(long start) {
    cells[PADDING] = start;
  }

  long get() {
    return (long) CELL.getVolatile(cells, PADDING);
  }

  long getAndIncrement() {
    return (long) CELL.getAndAdd(cells, PADDING, 1L);
  }
}
