package io.evenkeel.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A stream without end in which every byte is known by its place: whoever reads some of it sees at
 * once that a byte is lost, doubled or out of order. All streams are one circle of random bytes,
 * each from a place of its own on.
 */
final class KnownBytes {

  /** A prime, so that no buffer's size fits into it. */
  private static final int PERIOD = 1_048_573;

  private static final byte[] CIRCLE = new byte[PERIOD];

  static {
    new SplittableRandom(1).nextBytes(CIRCLE);
  }

  private final int start;

  KnownBytes(long seed) {
    this.start = new SplittableRandom(seed).nextInt(PERIOD);
  }

  /** The bytes from this position on, as many as there is room for. */
  void fill(byte[] to, long position) {
    int at = (int) ((start + position) % PERIOD);
    for (int done = 0; done < to.length; ) {
      int n = Math.min(to.length - done, PERIOD - at);
      System.arraycopy(CIRCLE, at, to, done, n);
      done += n;
      at = 0;
    }
  }

  /** Requires that these are the bytes from this position on. */
  void check(byte[] got, int length, long position) {
    byte[] expected = new byte[length];
    fill(expected, position);
    int wrong = Arrays.mismatch(expected, 0, length, got, 0, length);
    if (wrong >= 0) {
      throw new AssertionError("wrong byte at " + (position + wrong));
    }
  }

  /** Sends so many bytes, in parts of at most this size. */
  void send(OutputStream out, long size, int part) throws IOException {
    send(out, 0, size, part);
  }

  /** The same, from this position to there. */
  void send(OutputStream out, long from, long to, int part) throws IOException {
    byte[] buffer = new byte[part];
    for (long sent = from; sent < to; ) {
      fill(buffer, sent);
      int n = (int) Math.min(part, to - sent);
      out.write(buffer, 0, n);
      sent += n;
    }
  }

  /** Reads from this position to the end, or to there; the position then. */
  long receive(InputStream in, long from, long to) throws IOException {
    byte[] buffer = new byte[64 * 1024];
    long position = from;
    while (position < to) {
      int n = in.read(buffer, 0, (int) Math.min(buffer.length, to - position));
      if (n < 0) {
        break;
      }
      check(buffer, n, position);
      position += n;
    }
    return position;
  }
}
