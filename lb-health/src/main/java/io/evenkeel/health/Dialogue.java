package io.evenkeel.health;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What is said over the connection of one check. Called by the loop's thread only, never blocks.
 * Each call may come to a result, which ends the connection. What it throws is a failure.
 */
interface Dialogue {

  /** How a dialogue gets at its connection; on the loop's thread only. */
  interface Wire {

    /** Sends bytes, now or when there is room; none of them is left in the buffer. */
    void send(ByteBuffer bytes) throws IOException;

    /**
     * Lets another thread do some work, and reads nothing meanwhile; then comes back by {@link
     * Dialogue#received} without bytes.
     */
    void offload(Runnable work);

    /** Two buffers to work in, empty, good until the call returns. */
    ByteBuffer scratch(int which);
  }

  /** The connection is there. */
  @Nullable ProbeResult connected(Wire wire) throws IOException;

  /**
   * Bytes have come; those left in the buffer are lost. Without any, after {@link Wire#offload}.
   */
  @Nullable ProbeResult received(ByteBuffer bytes, Wire wire) throws IOException;

  /** The server has closed its side. */
  ProbeResult ended();

  /** What the check waits for at the moment, for people. */
  default String waitsFor() {
    return "waiting for the answer";
  }
}
