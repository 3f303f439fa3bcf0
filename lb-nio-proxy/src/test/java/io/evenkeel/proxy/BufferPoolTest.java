package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class BufferPoolTest {

  @Property
  void copyHoldsWhatIsLeft_whateverWasInTheBufferBefore(
      @ForAll @IntRange(min = 1, max = EventLoop.READ_BUFFER_BYTES) int size, @ForAll long seed) {
    byte[] bytes = new byte[size];
    new SplittableRandom(seed).nextBytes(bytes);
    BufferPool pool = new BufferPool();
    pool.giveBack(pool.copyOf(ByteBuffer.allocate(size))); // a used one of the same size

    ByteBuffer copy = pool.copyOf(ByteBuffer.wrap(bytes));

    assertThat(copy.isDirect()).isTrue();
    assertThat(copy).isEqualTo(ByteBuffer.wrap(bytes));
    assertThat(pool.takenBytes()).isBetween((long) size, Math.max(4096, 2L * size));
    pool.giveBack(copy);
    assertThat(pool.takenBytes()).isZero();
  }

  @Example
  void givenBack_isHandedOutAgain() {
    BufferPool pool = new BufferPool();
    ByteBuffer first = pool.copyOf(ByteBuffer.allocate(5000));
    pool.giveBack(first);
    assertThat(pool.copyOf(ByteBuffer.allocate(8192))).isSameAs(first);
  }
}
