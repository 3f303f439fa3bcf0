package io.evenkeel.pool;

/**
 * Room before the fields of a {@link Slot}: two slots in one cache line would slow down the threads
 * that use them. A class of its own because fields of a class are not laid out as they are written.
 */
@SuppressWarnings({"unused", "UnusedVariable"})
abstract class SlotRoom {
  private long a0;
  private long a1;
  private long a2;
  private long a3;
  private long a4;
  private long a5;
  private long a6;
  private long a7;
}
