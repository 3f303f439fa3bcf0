package io.evenkeel.health;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Finds a text in bytes that come piece by piece, and keeps none of them: the algorithm of Knuth,
 * Morris and Pratt. O(bytes), whatever the text.
 */
final class TextSearch {

  /** A text to be found, prepared once. */
  static final class Pattern {

    private final byte[] bytes;

    /** To what length of the text one falls back that has matched so many and no more. */
    private final int[] fallback;

    Pattern(String text) {
      bytes = text.getBytes(StandardCharsets.UTF_8);
      fallback = new int[bytes.length + 1];
      int matched = 0;
      for (int i = 1; i < bytes.length; i++) {
        while (matched > 0 && bytes[i] != bytes[matched]) {
          matched = fallback[matched];
        }
        if (bytes[i] == bytes[matched]) {
          matched++;
        }
        fallback[i + 1] = matched;
      }
    }
  }

  private final Pattern pattern;
  private int matched;

  TextSearch(Pattern pattern) {
    this.pattern = pattern;
  }

  /** Whether the text is there, with the bytes up to the buffer's limit, which it takes. */
  boolean found(ByteBuffer bytes) {
    while (bytes.hasRemaining() && matched < pattern.bytes.length) {
      byte next = bytes.get();
      while (matched > 0 && next != pattern.bytes[matched]) {
        matched = pattern.fallback[matched];
      }
      if (next == pattern.bytes[matched]) {
        matched++;
      }
    }
    return matched == pattern.bytes.length;
  }
}
