package io.evenkeel.proxy;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Direct buffers for bytes that a peer would not take yet, in sizes of powers of two. Event loop
 * only.
 *
 * <p>Up to 4 MiB of given-back buffers of each size up to that are kept for reuse: 36 MiB in all
 * with a read buffer of the default size, never more than 44 MiB. The rest goes to the garbage
 * collector.
 */
final class BufferPool {

  private static final int SMALLEST_SHIFT = 12;
  private static final int KEEP_SHIFT = 22;

  /** What is kept at most: up to the largest water mark, and one read of the largest size more. */
  private static final int LARGEST = 32 << 20;

  /** Free buffers of 2^(12 + i) bytes. */
  private final ArrayDeque<ByteBuffer>[] free;

  private long takenBytes;

  /** None yet. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  BufferPool() {
    free = new ArrayDeque[sizeClass(LARGEST) + 1];
    for (int i = 0; i < free.length; i++) {
      free[i] = new ArrayDeque<>();
    }
  }

  /** A buffer that holds what is left in this one, ready to be read from. */
  ByteBuffer copyOf(ByteBuffer source) {
    return take(source.remaining()).put(source).flip();
  }

  /** A buffer that holds what is left in both, one of these or a larger one. */
  ByteBuffer append(ByteBuffer kept, ByteBuffer more) {
    int size = kept.remaining() + more.remaining();
    if (size <= kept.capacity()) {
      return kept.compact().put(more).flip();
    }
    ByteBuffer larger = take(size).put(kept).put(more).flip();
    giveBack(kept);
    return larger;
  }

  /** An empty buffer with room for so much, and maybe more. */
  ByteBuffer take(int size) {
    int sizeClass = sizeClass(size);
    ByteBuffer buffer = free[sizeClass].pollLast();
    int capacity = 1 << (SMALLEST_SHIFT + sizeClass);
    if (buffer == null) {
      buffer = ByteBuffer.allocateDirect(capacity);
    }
    takenBytes += capacity;
    return buffer;
  }

  /** Takes back a buffer that was handed out. */
  void giveBack(ByteBuffer buffer) {
    int capacity = buffer.capacity();
    takenBytes -= capacity;
    ArrayDeque<ByteBuffer> same = free[sizeClass(capacity)];
    if (same.size() < (1 << KEEP_SHIFT) / capacity) {
      same.addLast(buffer.clear());
    }
  }

  /** Bytes of the buffers that are out. */
  long takenBytes() {
    return takenBytes;
  }

  private static int sizeClass(int size) {
    int shift = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, size) - 1);
    return Math.max(0, shift - SMALLEST_SHIFT);
  }
}
