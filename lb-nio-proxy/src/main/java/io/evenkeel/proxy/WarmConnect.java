package io.evenkeel.proxy;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Collections;
import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes one warm connection: tries the server's addresses one after the other, and lets go of the
 * connection once it is off the selector, for any loop to take. Event loop only, but for {@link
 * #made}.
 *
 * <p>Relays come first: it takes no spare descriptor, and where there is none left it waits until
 * {@link WarmConnections} begins it again.
 */
final class WarmConnect extends Timer implements ChannelHandler {

  /** A name that is not looked up yet is asked for again. */
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final WarmConnections home;
  private final Acceptor acceptor;
  private final ProxyContext context;
  private final EventLoop loop;
  private final Server server;
  private final CompletableFuture<WarmConnection> made = new CompletableFuture<>();

  private Iterator<InetSocketAddress> addressesLeft = Collections.emptyIterator();
  private @Nullable SocketChannel channel;
  private @Nullable SelectionKey key;

  /** When the name was first asked for; null if it never was. */
  private @Nullable Long askedNanos;

  WarmConnect(WarmConnections home, Acceptor acceptor, Server server) {
    this.home = home;
    this.acceptor = acceptor;
    this.context = acceptor.context();
    this.loop = acceptor.loop();
    this.server = server;
  }

  /** Completed on the loop; never if that ends before. */
  CompletionStage<WarmConnection> made() {
    return made;
  }

  /** Begins on the loop, soon. Safe for use by any thread. */
  void beginSoon() {
    loop.execute(
        () -> {
          try {
            begin();
          } catch (Throwable e) {
            failed(e);
          }
        });
  }

  private void begin() {
    try {
      addressesLeft = context.addresses().of(server).iterator();
    } catch (UnknownHostException e) {
      long now = loop.nowNanos();
      if (askedNanos == null) {
        askedNanos = now;
      }
      if (now - askedNanos < context.connectTimeoutNanos()) {
        loop.timers().arm(this, now + LOOK_AGAIN_NANOS);
      } else {
        giveUp(e);
      }
      return;
    }
    tryNext();
  }

  private void tryNext() {
    while (true) {
      try {
        open(addressesLeft.next());
        return;
      } catch (IOException e) {
        drop();
        if (!addressesLeft.hasNext()) {
          giveUp(e);
          return;
        }
      }
    }
  }

  private void open(InetSocketAddress address) throws IOException {
    SocketChannel opened;
    try {
      opened = ServerSockets.open(address);
    } catch (NoRouteToHostException e) {
      throw e;
    } catch (IOException e) { // no descriptor
      home.makeRoom();
      if (!home.postpone(this)) {
        throw e; // closed meanwhile
      }
      return;
    }
    channel = opened;
    if (ServerSockets.connect(opened, address, context.sockets(), acceptor.sources())) {
      connected();
    } else {
      loop.register(opened, SelectionKey.OP_CONNECT, this);
      loop.timers().arm(this, loop.nowNanos() + context.connectTimeoutNanos());
    }
  }

  @Override
  public void registered(SelectionKey key) {
    this.key = key;
  }

  @Override
  public void ready(int readyOps) {
    SocketChannel connecting = channel;
    try {
      if (connecting != null && connecting.finishConnect()) {
        connected();
      }
    } catch (IOException e) {
      failedAtAddress(e);
    }
  }

  @Override
  void expired(long nowNanos) {
    if (channel == null) {
      begin();
    } else {
      failedAtAddress(new SocketTimeoutException("not connected in time"));
    }
  }

  private void failedAtAddress(IOException cause) {
    drop();
    if (addressesLeft.hasNext()) {
      tryNext();
    } else {
      giveUp(cause);
    }
  }

  private void connected() throws IOException {
    SocketChannel connected = Objects.requireNonNull(channel);
    ServerSockets.requireNotToItself(connected);
    context.addresses().worked(server, (InetSocketAddress) connected.getRemoteAddress());
    loop.timers().disarm(this);
    SelectionKey registered = key;
    if (registered == null) {
      arrived();
    } else {
      loop.deregister(registered, this::arrived);
    }
  }

  private void arrived() {
    key = null;
    if (home.postpone(this)) {
      drop();
      return;
    }
    SocketChannel connected = Objects.requireNonNull(channel);
    channel = null;
    made.complete(new WarmConnection(connected));
  }

  private void drop() {
    loop.timers().disarm(this);
    SocketChannel dropped = channel;
    if (dropped != null) {
      loop.close(dropped, key);
      channel = null;
      key = null;
    }
  }

  private void giveUp(IOException cause) {
    context.addresses().suspect(server);
    made.completeExceptionally(cause);
  }

  @Override
  public void failed(Throwable cause) {
    drop();
    made.completeExceptionally(cause);
  }
}
