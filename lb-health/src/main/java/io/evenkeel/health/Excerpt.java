package io.evenkeel.health;

import java.nio.ByteBuffer;

/** The beginning of what a server said, for people: what is not printable ASCII becomes a dot. */
final class Excerpt {

  private static final int LENGTH = 60;

  private final StringBuilder text = new StringBuilder();

  /** Leaves the buffer as it is. */
  void add(ByteBuffer bytes) {
    for (int i = bytes.position(); i < bytes.limit() && text.length() <= LENGTH; i++) {
      byte b = bytes.get(i);
      text.append(text.length() == LENGTH ? '…' : b >= 0x20 && b < 0x7f ? (char) b : '.');
    }
  }

  @Override
  public String toString() {
    return "'" + text + "'";
  }
}
