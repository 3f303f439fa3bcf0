package io.evenkeel.health;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a check, from its opening to its end. Everything here happens on the loop's
 * thread, but for what is said to be read by others.
 */
final class ProbeConnection implements Dialogue.Wire {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** What a connection needs of its loop. */
  interface Loop {

    /** Lets the loop call {@link ProbeConnection#ready}. */
    SelectionKey register(SocketChannel channel, int ops, ProbeConnection connection)
        throws IOException;

    /** Any thread: lets the loop look at it again. */
    void lookAt(ProbeConnection connection);

    /** Where work is done that would hold up the loop. */
    Executor workers();

    ByteBuffer scratch(int which);
  }

  private final InetSocketAddress address;
  private final Dialogue dialogue;
  private final ProbeContext context;

  /** Completed by the loop with how the check went, or by anyone else to end it. */
  final CompletableFuture<ProbeResult> result;

  private final Loop loop;

  /** Null before it is opened and after it is closed. */
  private @Nullable SocketChannel channel;

  private @Nullable SelectionKey key;

  /** What the system would not take yet; null if nothing. */
  private @Nullable ByteBuffer unsent;

  private boolean offloaded;

  /**
   * Read by any thread: it wants no second look. A stale false costs one look that finds nothing to
   * do.
   */
  private volatile boolean over;

  ProbeConnection(
      InetSocketAddress address,
      Dialogue dialogue,
      ProbeContext context,
      CompletableFuture<ProbeResult> result,
      Loop loop) {
    this.address = address;
    this.dialogue = dialogue;
    this.context = context;
    this.result = result;
    this.loop = loop;
  }

  boolean isOver() {
    return over;
  }

  /** Opens it, closes it, or goes on after work that others have done. */
  void look() {
    if (over) {
      return;
    }
    if (result.isDone()) {
      close();
    } else if (channel == null) {
      open();
    } else if (offloaded) {
      goOn();
    }
  }

  private void open() {
    try {
      channel = SocketChannel.open();
    } catch (IOException e) { // no descriptor left, as a rule
      end(ProbeResult.inconclusive(String.valueOf(failure(e).cause())));
      return;
    }
    try {
      channel.configureBlocking(false);
      endByReset(channel, dialogue == TcpProbe.DIALOGUE);
      context.waitsFor("connecting");
      boolean isConnected = channel.connect(address);
      // Not before: a channel that is neither connected nor connecting hangs up at once.
      key = loop.register(channel, isConnected ? 0 : SelectionKey.OP_CONNECT, this);
      if (isConnected) {
        connected();
      }
    } catch (IOException | RuntimeException e) {
      end(failure(e));
    } catch (Error e) {
      end(broken(e));
    }
  }

  /** Its channel is ready for something. */
  void ready(int ops, ByteBuffer buffer) {
    SocketChannel open = channel;
    if (open == null) {
      return;
    }
    try {
      if ((ops & SelectionKey.OP_CONNECT) != 0) {
        if (open.finishConnect()) {
          connected();
        }
        return;
      }
      if ((ops & SelectionKey.OP_WRITE) != 0) {
        flush(open);
      }
      if ((ops & SelectionKey.OP_READ) != 0) {
        int count = open.read(buffer.clear());
        if (count < 0) {
          end(dialogue.ended());
        } else if (count > 0) {
          hear(dialogue.received(buffer.flip(), this));
        }
      }
    } catch (IOException | RuntimeException e) {
      end(failure(e));
    } catch (Error e) {
      end(broken(e));
    }
  }

  private void connected() throws IOException {
    SocketChannel open = channel;
    // A dead port of this host may happen to be drawn as the local one: it answers itself.
    if (open != null && open.getLocalAddress().equals(open.getRemoteAddress())) {
      end(ProbeResult.failure("connected to itself"));
    } else {
      hear(dialogue.connected(this));
    }
  }

  private void goOn() {
    offloaded = false;
    try {
      hear(dialogue.received(NOTHING.duplicate(), this));
    } catch (IOException | RuntimeException e) {
      end(failure(e));
    } catch (Error e) {
      end(broken(e));
    }
  }

  /** It has another key now, since the loop has another selector. */
  void moved(SelectionKey newKey) {
    key = newKey;
  }

  /** The verdict, or null: then it goes on, and waits for what it lacks. */
  private void hear(@Nullable ProbeResult verdict) {
    if (verdict != null) {
      end(verdict);
      return;
    }
    if (!offloaded) { // else who does the work says so
      context.waitsFor(dialogue.waitsFor());
    }
    SelectionKey registered = key;
    if (registered != null) {
      int reading = offloaded ? 0 : SelectionKey.OP_READ;
      registered.interestOps(reading | (unsent == null ? 0 : SelectionKey.OP_WRITE));
    }
  }

  @Override
  public void send(ByteBuffer bytes) throws IOException {
    SocketChannel open = channel;
    if (open == null) {
      return;
    }
    if (unsent == null) {
      open.write(bytes);
    }
    if (bytes.hasRemaining()) {
      int more = unsent == null ? 0 : unsent.remaining();
      ByteBuffer rest = ByteBuffer.allocate(more + bytes.remaining());
      if (unsent != null) {
        rest.put(unsent);
      }
      unsent = rest.put(bytes).flip();
    }
  }

  private void flush(SocketChannel open) throws IOException {
    ByteBuffer rest = unsent;
    if (rest != null) {
      open.write(rest);
      if (!rest.hasRemaining()) {
        unsent = null;
        hear(null);
      }
    }
  }

  @Override
  public void offload(Runnable work) {
    offloaded = true;
    String meanwhile = dialogue.waitsFor();
    context.waitsForUs("waiting for a thread to check the certificate");
    try {
      loop.workers()
          .execute(
              () -> {
                try {
                  if (!result.isDone()) {
                    context.waitsFor(meanwhile);
                    work.run();
                  }
                } finally {
                  loop.lookAt(this);
                }
              });
    } catch (RejectedExecutionException e) {
      loop.lookAt(this); // It is closing, and will see that.
    }
  }

  @Override
  public ByteBuffer scratch(int which) {
    return loop.scratch(which);
  }

  /** Closes before it says so: who has the result need not wonder about the socket. */
  void end(ProbeResult outcome) {
    close();
    result.complete(outcome);
  }

  private void close() {
    over = true;
    unsent = null;
    SocketChannel open = channel;
    channel = null;
    key = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        log.debug("{}: closing a check's socket failed", address, e);
      }
    }
  }

  /**
   * By a reset, since a FIN from our side would leave a socket in TIME_WAIT for a minute: 10,000
   * servers checked every 5 s would keep 120,000 of them. What a check has asked for it has got by
   * then, so nothing is lost.
   *
   * <p>Where nothing but the connection is wanted, there is no immediate ACK either (on Linux): the
   * reset overtakes the last step of the handshake, and the server's program never gets to see the
   * connection, so has nothing to log. HAProxy does both.
   */
  private static void endByReset(SocketChannel channel, boolean unseen) throws IOException {
    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    if (!unseen) {
      return;
    }
    for (SocketOption<?> option : channel.supportedOptions()) {
      // By name: it lives in a module that a small runtime image may lack.
      if (option.name().equals("TCP_QUICKACK") && option.type() == Boolean.class) {
        @SuppressWarnings("unchecked")
        SocketOption<Boolean> quickAck = (SocketOption<Boolean>) option;
        channel.setOption(quickAck, false);
      }
    }
  }

  /** As for want of memory: that is not the server's, and the other checks are to go on. */
  private static ProbeResult broken(Error e) {
    log.debug("a check broke off", e);
    return ProbeResult.inconclusive(e.toString());
  }

  /** The system's own words where it was the network: "connection refused". */
  private static ProbeResult failure(Exception e) {
    String message = e.getMessage();
    if (message == null) {
      return ProbeResult.failure(e);
    }
    if (e instanceof BindException) { // no port or address left here to connect from
      return ProbeResult.inconclusive(message.toLowerCase(Locale.ROOT));
    }
    if (e instanceof SSLException) {
      return ProbeResult.failure("TLS: " + message);
    }
    return e instanceof SocketException || e.getClass() == IOException.class
        ? ProbeResult.failure(message.toLowerCase(Locale.ROOT))
        : ProbeResult.failure(e);
  }
}
