package io.evenkeel.core;

import com.dynatrace.hash4j.hashing.ByteAccess;
import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.charset.StandardCharsets;

/**
 * A key's 64-bit hash: XXH64 with seed 0 of its bytes, a text's being those of UTF-8, so that
 * programs in other languages find the same. Allocates nothing for a text of ASCII characters.
 */
final class KeyHash {

  private static final Hasher64 XXH64 = Hashing.xxh64();

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
        return hasher.hashBytesToLong(key.toString().getBytes(StandardCharsets.UTF_8));
      }
    }
    return hasher.hashBytesToLong(key, 0, length, Ascii.ACCESS);
  }

  static long of(byte[] key) {
    return XXH64.hashBytesToLong(key);
  }
}
