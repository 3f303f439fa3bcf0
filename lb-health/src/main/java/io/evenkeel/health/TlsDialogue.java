package io.evenkeel.health;

import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Another dialogue, by TLS. Between two calls it keeps what has come of the next record, and
 * nothing else; what takes long, as checking certificates, is done by another thread.
 */
final class TlsDialogue implements Dialogue {

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** The wire's two buffers. */
  private static final int OPENED = 0;

  private static final int SEALED = 1;

  private final SSLEngine engine;
  private final Dialogue inner;

  /** Of a record that is not complete. */
  private byte[] rest = new byte[0];

  private boolean shaken;

  TlsDialogue(SSLEngine engine, Dialogue inner) {
    this.engine = engine;
    this.inner = inner;
  }

  @Override
  public @Nullable ProbeResult connected(Wire wire) throws IOException {
    engine.beginHandshake();
    return goOn(NOTHING.duplicate(), wire);
  }

  @Override
  public @Nullable ProbeResult received(ByteBuffer bytes, Wire wire) throws IOException {
    ByteBuffer sealed = bytes;
    if (rest.length > 0) {
      sealed = ByteBuffer.allocate(rest.length + bytes.remaining()).put(rest).put(bytes).flip();
    }
    ProbeResult verdict = goOn(sealed, wire);
    rest = new byte[sealed.remaining()];
    sealed.get(rest);
    return verdict;
  }

  @Override
  public ProbeResult ended() {
    return shaken ? inner.ended() : ProbeResult.failure("closed in the TLS handshake");
  }

  @Override
  public String waitsFor() {
    return shaken ? inner.waitsFor() : "in the TLS handshake";
  }

  /** As far as the bytes reach; each turn takes a step of the handshake or a record. */
  private @Nullable ProbeResult goOn(ByteBuffer sealed, Wire wire) throws IOException {
    while (true) {
      switch (engine.getHandshakeStatus()) {
        case NEED_TASK -> {
          wire.offload(this::runTasks);
          return null;
        }
        case NEED_WRAP -> seal(NOTHING.duplicate(), wire);
        default -> {
          if (engine.getHandshakeStatus() != SSLEngineResult.HandshakeStatus.NEED_UNWRAP
              && !shaken) {
            shaken = true;
            ProbeResult verdict = inner.connected(new Sealing(wire));
            if (verdict != null) {
              return verdict;
            }
            continue;
          }
          ByteBuffer opened = wire.scratch(OPENED);
          SSLEngineResult result = engine.unwrap(sealed, opened);
          if (opened.flip().hasRemaining()) {
            ProbeResult verdict = inner.received(opened, new Sealing(wire));
            if (verdict != null) {
              return verdict;
            }
          }
          switch (result.getStatus()) {
            case CLOSED -> {
              return ended();
            }
            case BUFFER_UNDERFLOW -> {
              return null;
            }
            case BUFFER_OVERFLOW -> throw new SSLException("a record is too long");
            default -> {}
          }
        }
      }
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private void seal(ByteBuffer bytes, Wire wire) throws IOException {
    do {
      ByteBuffer sealed = wire.scratch(SEALED);
      SSLEngineResult result = engine.wrap(bytes, sealed);
      if (result.getStatus() != SSLEngineResult.Status.OK) {
        throw new SSLException("cannot send: " + result.getStatus());
      }
      wire.send(sealed.flip());
    } while (bytes.hasRemaining());
  }

  /** The inner dialogue's wire. */
  private final class Sealing implements Wire {

    private final Wire wire;

    Sealing(Wire wire) {
      this.wire = wire;
    }

    @Override
    public void send(ByteBuffer bytes) throws IOException {
      seal(bytes, wire);
    }

    @Override
    public void offload(Runnable work) {
      wire.offload(work);
    }

    @Override
    public ByteBuffer scratch(int which) {
      throw new UnsupportedOperationException("in use");
    }
  }
}
