package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A text's hash is that of its bytes in UTF-8, and a short one is hashed without allocating. */
class KeyHashTest {

  /** Characters of every length in UTF-8, and surrogates, paired and not. */
  @Property(tries = 3_000)
  void anyText_isHashedAsItsBytesInUtf8(
      @ForAll @IntRange(min = 0, max = 70) int length, @ForAll long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      switch (random.nextInt(6)) {
        case 0 -> text.append((char) random.nextInt(0x80));
        case 1 -> text.append((char) (0x80 + random.nextInt(0x780)));
        case 2 -> text.append((char) (0x800 + random.nextInt(0xd000)));
        case 3 -> text.append((char) (0xe000 + random.nextInt(0x2000)));
        case 4 -> text.append((char) (0xd800 + random.nextInt(0x800)));
        default -> text.appendCodePoint(0x10000 + random.nextInt(0x100000));
      }
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    assertThat(KeyHash.of(text)).isEqualTo(KeyHash.of(bytes));
    assertThat(KeyHash.of(text.toString())).isEqualTo(KeyHash.of(bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0123456789012345678901234567890123456789012345678901234567890123",
        "größe",
        "鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵",
        "🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑",
      })
  void upTo64Characters_allocateNothing(String key) {
    assertThat(key.length()).isLessThanOrEqualTo(64);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    long least = Long.MAX_VALUE;
    long sum = 0;
    for (int round = 0; round < 20; round++) { // the first ones load classes
      long before = threads.getThreadAllocatedBytes(thread);
      for (int i = 0; i < 10_000; i++) {
        sum += KeyHash.of(key);
      }
      least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
    }
    assertThat(sum).isEqualTo(200_000 * KeyHash.of(key));
    assertThat(least).isLessThan(10_000); // below a byte a hash: the measuring's own
  }

  @Test
  void bufferOfALongerKeyBefore_leavesNothingBehind() {
    long unused = KeyHash.of("ö".repeat(64));
    assertThat(KeyHash.of("ä")).isEqualTo(KeyHash.of("ä".getBytes(StandardCharsets.UTF_8)));
  }
}
