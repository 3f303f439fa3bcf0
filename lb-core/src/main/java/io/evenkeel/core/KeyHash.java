package io.evenkeel.core;

import com.dynatrace.hash4j.hashing.ByteAccess;
import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.charset.StandardCharsets;

/**
 * A key's 64-bit hash: XXH64 with seed 0 of its bytes, a text's being those of UTF-8, so that
 * programs in other languages find the same. Allocates nothing for a text of ASCII characters, nor
 * for one of {@value #KEPT} characters or fewer: a thread keeps a buffer for the bytes of those.
 */
final class KeyHash {

  private static final Hasher64 XXH64 = Hashing.xxh64();

  /** The longest text that is encoded into the thread's own buffer. */
  private static final int KEPT = 64;

  /** An array of bytes, so that a pooled thread holds on to nobody's class loader. */
  private static final ThreadLocal<byte[]> BUFFER =
      ThreadLocal.withInitial(() -> new byte[3 * KEPT]);

  private KeyHash() {}

  /** A text whose characters are ASCII, and so its bytes. */
  private static final class Ascii implements ByteAccess<CharSequence> {
    private static final Ascii ACCESS = new Ascii();

    @Override
    public byte getByte(CharSequence text, long index) {
      return (byte) text.charAt((int) index);
    }
  }

  static long of(CharSequence key) {
    return of(XXH64, key);
  }

  /** The hash of a text by another hasher, such as one of another seed. */
  static long of(Hasher64 hasher, CharSequence key) {
    int length = key.length();
    for (int i = 0; i < length; i++) {
      if (key.charAt(i) >= 0x80) {
        if (length > KEPT) {
          return hasher.hashBytesToLong(key.toString().getBytes(StandardCharsets.UTF_8));
        }
        byte[] buffer = BUFFER.get();
        return hasher.hashBytesToLong(buffer, 0, encode(key, length, buffer));
      }
    }
    return hasher.hashBytesToLong(key, 0, length, Ascii.ACCESS);
  }

  static long of(byte[] key) {
    return XXH64.hashBytesToLong(key);
  }

  /** In UTF-8, as {@link String#getBytes} has it; returns the number of bytes. */
  private static int encode(CharSequence key, int length, byte[] bytes) {
    int n = 0;
    for (int i = 0; i < length; i++) {
      char c = key.charAt(i);
      if (c < 0x80) {
        bytes[n++] = (byte) c;
      } else if (c < 0x800) {
        bytes[n++] = (byte) (0xc0 | (c >> 6));
        bytes[n++] = (byte) (0x80 | (c & 0x3f));
      } else if (!Character.isSurrogate(c)) {
        bytes[n++] = (byte) (0xe0 | (c >> 12));
        bytes[n++] = (byte) (0x80 | ((c >> 6) & 0x3f));
        bytes[n++] = (byte) (0x80 | (c & 0x3f));
      } else if (Character.isHighSurrogate(c)
          && i + 1 < length
          && Character.isLowSurrogate(key.charAt(i + 1))) {
        int point = Character.toCodePoint(c, key.charAt(++i));
        bytes[n++] = (byte) (0xf0 | (point >> 18));
        bytes[n++] = (byte) (0x80 | ((point >> 12) & 0x3f));
        bytes[n++] = (byte) (0x80 | ((point >> 6) & 0x3f));
        bytes[n++] = (byte) (0x80 | (point & 0x3f));
      } else {
        bytes[n++] = '?';
      }
    }
    return n;
  }
}
