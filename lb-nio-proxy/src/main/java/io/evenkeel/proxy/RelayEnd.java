package io.evenkeel.proxy;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * One of the two connections of a {@link Relay}: reads from it, writes to it, and keeps what it
 * would not take. Event loop only.
 *
 * <p>Reading is followed at once by writing to the other end out of the loop's own buffer. What the
 * other end does not take is kept in a pooled buffer there, and this end is not read until that is
 * gone (by default: see the water marks): so an idle relay holds no buffer, and a slow one at most
 * one a direction. How much one read may take starts at {@value #LEAST_READ_BYTES} bytes, doubles
 * when the other end takes it all, and halves when it does not: fast streams need few system calls,
 * slow ones hold little memory.
 *
 * <p>Interest is changed only when it must be. A change that is undone before the next select, as
 * when reading resumes and stalls again, costs no system call.
 */
final class RelayEnd implements ChannelHandler {

  private static final QuietLog log = new QuietLog(RelayEnd.class);
  static final int LEAST_READ_BYTES = 64 * 1024;

  /** How much is kept of what a client says before it is connected. */
  static final int EARLY_BYTES = 16 * 1024;

  private final Relay relay;
  private final EventLoop loop;
  private final SocketChannel channel;
  private @Nullable SelectionKey key;
  private int interest;
  private int readLimit;
  private long bytesRead;

  /** What the other end sent and this one has not taken yet; never empty. */
  private @Nullable ByteBuffer pending;

  /** What this end said before there was another to say it to; null if nothing. */
  private @Nullable ByteBuffer early;

  /** A FIN was read: nothing more comes from this end. */
  private boolean inputEnded;

  /** A FIN was sent: nothing more goes to this end. */
  private boolean outputEnded;

  /** A write failed: what the other end still sends is thrown away. */
  private boolean outputBroken;

  /** The output broke while the input had not ended in good order, and nothing was read since. */
  private boolean silentSinceBroken;

  RelayEnd(Relay relay, EventLoop loop, SocketChannel channel) {
    this.relay = relay;
    this.loop = loop;
    this.channel = channel;
    this.readLimit = Math.min(LEAST_READ_BYTES, loop.readBufferBytes());
  }

  SocketChannel channel() {
    return channel;
  }

  Relay relay() {
    return relay;
  }

  long bytesRead() {
    return bytesRead;
  }

  boolean inputEnded() {
    return inputEnded;
  }

  boolean outputBroken() {
    return outputBroken;
  }

  /** Whether the output broke and nothing, not even a FIN in good order, has come since then. */
  boolean wasReset() {
    return silentSinceBroken;
  }

  boolean hasPending() {
    return pending != null;
  }

  /** Hangs this end on the loop, or changes what it waits for. */
  void await(int ops) throws IOException {
    SelectionKey current = key;
    if (current == null) {
      interest = ops;
      loop.register(channel, ops, this);
    } else if (interest != ops) {
      interest = ops;
      current.interestOps(ops);
    }
  }

  @Override
  public void registered(SelectionKey key) {
    this.key = key;
  }

  @Override
  public void ready(int readyOps) {
    if ((readyOps & SelectionKey.OP_CONNECT) != 0) {
      relay.connectReady();
      return;
    }
    if ((readyOps & SelectionKey.OP_WRITE) != 0 && relay.isOpen()) {
      flush();
    }
    if ((readyOps & SelectionKey.OP_READ) != 0 && relay.isOpen() && wants(SelectionKey.OP_READ)) {
      if (!relay.wasConnected()) {
        readEarly();
      } else if (relay.isToBeRead(this)) {
        read();
      }
    }
  }

  @Override
  public void failed(Throwable cause) {
    relay.failed(cause);
  }

  /**
   * Keeps what a waiting client says: to see that it leaves, one has to read up to there. One that
   * says more than we keep is not seen leaving.
   */
  private void readEarly() {
    ByteBuffer buffer = early;
    if (buffer == null) {
      buffer = loop.buffers().take(EARLY_BYTES);
      early = buffer;
    }
    try {
      if (channel.read(buffer) < 0) {
        relay.clientLeft();
        return;
      }
    } catch (IOException e) {
      log.debug("{}: left", this, e);
      relay.clientLeft();
      return;
    }
    if (!buffer.hasRemaining()) {
      unwant(SelectionKey.OP_READ);
    } else if (buffer.position() == 0) {
      dropEarly();
    }
  }

  /** What a server said before there was a client. */
  void hasSaid(ByteBuffer bytes) {
    if (bytes.hasRemaining()) {
      early = loop.buffers().take(bytes.remaining()).put(bytes);
    }
  }

  /** Is not read for now. */
  void hold() {
    change(0);
  }

  /** The relay is connected: passes on what was kept, and goes on with what came since. */
  void begin() {
    passOnEarly();
    if (relay.isOpen() && wants(SelectionKey.OP_READ)) {
      read();
    }
  }

  /** Passes on what was kept. */
  void passOnEarly() {
    ByteBuffer bytes = early;
    if (bytes != null) {
      early = null;
      bytes.flip();
      relay.received(this, bytes.remaining());
      count(bytes.remaining());
      relay.otherThan(this).write(bytes, this, false);
      loop.buffers().giveBack(bytes);
    }
  }

  /** Reads once and passes on what came. */
  void read() {
    RelayEnd other = relay.otherThan(this);
    ByteBuffer buffer = loop.readBuffer(readLimit);
    int n;
    try {
      n = channel.read(buffer);
    } catch (IOException e) {
      relay.aborted(this, e);
      return;
    }
    if (n < 0) {
      inputEnded = true;
      relay.touch(); // a FIN is life, too: the half-closed time runs from here
      unwant(SelectionKey.OP_READ);
      relay.inputEnded(this);
    } else if (n > 0 && !other.outputBroken) {
      relay.received(this, n);
      count(n);
      boolean full = !buffer.hasRemaining();
      other.write(buffer.flip(), this, full);
    }
  }

  private void count(int bytes) {
    bytesRead += bytes;
    silentSinceBroken = false;
  }

  /** Writes what the source has just sent; keeps the rest, and stops the source meanwhile. */
  private void write(ByteBuffer buffer, RelayEnd source, boolean full) {
    ByteBuffer kept = pending;
    if (kept == null) {
      try {
        channel.write(buffer);
      } catch (IOException e) {
        writeFailed(e);
        return;
      }
      if (!buffer.hasRemaining()) {
        if (full) {
          source.readLimit = Math.min(loop.readBufferBytes(), source.readLimit * 2);
        }
        return;
      }
      kept = loop.buffers().copyOf(buffer);
    } else {
      kept = loop.buffers().append(kept, buffer);
    }
    pending = kept;
    want(SelectionKey.OP_WRITE);
    int least = Math.min(LEAST_READ_BYTES, loop.readBufferBytes());
    source.readLimit = Math.max(least, source.readLimit / 2);
    if (kept.remaining() >= relay.context().highWaterBytes()) {
      source.unwant(SelectionKey.OP_READ);
    }
  }

  private void flush() {
    ByteBuffer rest = pending;
    if (rest == null) {
      return;
    }
    try {
      if (channel.write(rest) > 0) {
        relay.touch();
      }
    } catch (IOException e) {
      writeFailed(e);
      return;
    }
    RelayEnd source = relay.otherThan(this);
    if (rest.hasRemaining()) {
      if (rest.remaining() <= relay.context().lowWaterBytes() && !source.inputEnded) {
        source.want(SelectionKey.OP_READ);
      }
      return;
    }
    dropPending();
    unwant(SelectionKey.OP_WRITE);
    if (source.inputEnded) {
      relay.inputEnded(source);
    } else {
      source.want(SelectionKey.OP_READ);
      source.read(); // more is waiting there, as a rule
    }
  }

  /**
   * This end takes no more, but what it has already sent must still be read: a server that answers
   * early and closes resets the connection under whoever is still writing, and its answer is in our
   * receive queue. So reading goes on until that ends, and the other end's bytes are thrown away.
   */
  private void writeFailed(IOException cause) {
    log.debug("{}: takes no more", this, cause);
    outputBroken = true;
    silentSinceBroken = !inputEnded;
    dropPending();
    unwant(SelectionKey.OP_WRITE);
    RelayEnd source = relay.otherThan(this);
    if (!source.inputEnded) {
      source.want(SelectionKey.OP_READ);
    }
    if (inputEnded) {
      relay.inputEnded(this);
    } else if (!source.hasPending()) {
      want(SelectionKey.OP_READ); // else it is wanted when the source has taken those
    }
  }

  /** Passes a FIN on; once. */
  void endOutput() {
    if (outputEnded || outputBroken) {
      return;
    }
    outputEnded = true;
    try {
      channel.shutdownOutput();
    } catch (IOException e) {
      log.debug("{}: gone", this, e); // reading it will say so
    }
  }

  /**
   * Lets go of the connection: with a FIN, or with a reset. It gets a reset in any case if it lacks
   * bytes that came for it: a FIN would have it take what it has got for the whole.
   */
  void close(boolean reset) {
    boolean lacksBytes = pending != null;
    try {
      dropPending();
      dropEarly();
      if (reset || lacksBytes) {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    } catch (IOException e) {
      log.debug("{}: gone", this, e); // there is nobody to tell
    } finally {
      loop.close(channel, key);
    }
  }

  private void dropPending() {
    ByteBuffer rest = pending;
    if (rest != null) {
      pending = null;
      loop.buffers().giveBack(rest);
    }
  }

  private void dropEarly() {
    ByteBuffer bytes = early;
    if (bytes != null) {
      early = null;
      loop.buffers().giveBack(bytes);
    }
  }

  private boolean wants(int op) {
    return (interest & op) != 0;
  }

  private void want(int op) {
    change(interest | op);
  }

  private void unwant(int op) {
    change(interest & ~op);
  }

  private void change(int ops) {
    SelectionKey current = key;
    if (current != null && interest != ops) {
      interest = ops;
      current.interestOps(ops);
    }
  }

  @Override
  public String toString() {
    return channel + " read " + bytesRead;
  }
}
