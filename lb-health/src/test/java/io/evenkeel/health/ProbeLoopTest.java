package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Many checks on one thread, and a selector that has gone mad. */
class ProbeLoopTest {

  private final ProbeFixture fixture = new ProbeFixture();

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  /** The other ends wait in the system's queues, and cost no descriptor until they are accepted. */
  @Test
  void tenThousandHttpChecks_inFlightAtOnce_needOneThread() throws Exception {
    int ports = 5;
    int each = 2_000;
    List<ServerSocketChannel> listeners = new ArrayList<>();
    for (int i = 0; i < ports; i++) {
      ServerSocketChannel listener = fixture.closedLater(ServerSocketChannel.open());
      listener.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 4_000);
      listeners.add(listener);
    }
    HttpProbe probe = Probes.http("/");
    ProbeFixture.threads("evenkeel-health").forEach(thread -> join(thread)); // of other tests
    List<ProbeContext> contexts = new ArrayList<>();
    List<CompletableFuture<ProbeResult>> checks = new ArrayList<>();
    for (ServerSocketChannel listener : listeners) {
      int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
      for (int i = 0; i < each; i++) {
        ProbeContext context = fixture.context();
        contexts.add(context);
        checks.add(probe.check(Server.of("127.0.0.1", port), context).toCompletableFuture());
      }
    }
    Await.until(
        "all wait for their answer",
        () -> contexts.stream().allMatch(c -> "waiting for the answer".equals(c.waitsFor())));
    assertThat(ProbeFixture.threads("evenkeel-health")).hasSize(1);
    assertThat(checks).noneMatch(CompletableFuture::isDone);

    byte[] answer = "HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    for (ServerSocketChannel listener : listeners) {
      for (int i = 0; i < each; i++) {
        try (SocketChannel accepted = listener.accept()) {
          accepted.read(ByteBuffer.allocate(1_000));
          accepted.write(ByteBuffer.wrap(answer));
        }
      }
    }
    for (CompletableFuture<ProbeResult> check : checks) {
      assertThat(check.get(60, TimeUnit.SECONDS)).isEqualTo(ProbeResult.success());
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join(60_000);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** It is replaced, with the connections under way, and the loop goes on. */
  @Test
  void selectorThatReturnsAtOnceWithNothing_isReplaced() throws Exception {
    AtomicInteger opened = new AtomicInteger();
    AtomicInteger selects = new AtomicInteger();
    ProbeLoop loop =
        fixture.closedLater(
            new ProbeLoop(
                () ->
                    opened.getAndIncrement() == 0
                        ? new MadSelector(Selector.open(), selects)
                        : Selector.open(),
                Thread::new));
    ScriptedServer server = fixture.server(ScriptedServer.answering("HTTP/1.1 200 OK\r\n\r\n"));

    for (int i = 0; i < 3; i++) {
      ProbeContext context = new ProbeContext(Duration.ofDays(1), loop, new HostAddress());
      assertThat(
              Probes.http("/")
                  .check(server.server(), context)
                  .toCompletableFuture()
                  .get(60, TimeUnit.SECONDS))
          .isEqualTo(ProbeResult.success());
    }

    assertThat(opened).hasValue(2);
    // The count begins anew whenever there was something to do, which may come at any time.
    assertThat(selects.get())
        .isBetween(ProbeLoop.PREMATURE_RETURNS_ALLOWED, 10 * ProbeLoop.PREMATURE_RETURNS_ALLOWED);
  }

  /** No server can help it, and nothing is left of the attempt. */
  @Test
  void noMemoryForTheThread_isInconclusive_andLeavesNoSelector() throws Exception {
    List<Selector> opened = new ArrayList<>();
    ProbeLoop loop =
        fixture.closedLater(
            new ProbeLoop(
                () -> {
                  opened.add(Selector.open());
                  return opened.get(opened.size() - 1);
                },
                ThreadThatCannotStart::new));
    for (int i = 0; i < 2; i++) {
      assertThat(checkTcp(loop)).isEqualTo(ProbeResult.inconclusive("no more threads"));
    }
    assertThat(opened).hasSize(2).noneMatch(Selector::isOpen);
  }

  @Test
  void noMemoryForTheSelector_isInconclusive() throws Exception {
    ProbeLoop loop =
        fixture.closedLater(
            new ProbeLoop(
                () -> {
                  throw new InternalError("no more memory");
                },
                Thread::new));
    assertThat(checkTcp(loop)).isEqualTo(ProbeResult.inconclusive("no more memory"));
  }

  private static ProbeResult checkTcp(ProbeLoop loop) throws Exception {
    ProbeContext context = new ProbeContext(Duration.ofDays(1), loop, new HostAddress());
    return Probes.tcp()
        .check(Server.of("127.0.0.1", 1), context)
        .toCompletableFuture()
        .get(60, TimeUnit.SECONDS);
  }

  private static final class ThreadThatCannotStart extends Thread {

    ThreadThatCannotStart(Runnable task) {
      super(task);
    }

    @Override
    public synchronized void start() {
      throw new InternalError("no more threads");
    }
  }

  /** Takes channels as another does, and never says that one is ready. */
  private static final class MadSelector extends AbstractSelector {

    private final Selector real;
    private final AtomicInteger selects;

    MadSelector(Selector real, AtomicInteger selects) {
      super(SelectorProvider.provider());
      this.real = real;
      this.selects = selects;
    }

    @Override
    protected SelectionKey register(AbstractSelectableChannel channel, int ops, Object att) {
      try {
        return ((SelectableChannel) channel).register(real, ops, att);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public int select(Consumer<SelectionKey> action) {
      selects.incrementAndGet();
      return 0;
    }

    @Override
    public Set<SelectionKey> keys() {
      return real.keys();
    }

    @Override
    public Set<SelectionKey> selectedKeys() {
      return real.selectedKeys();
    }

    @Override
    public int selectNow() {
      return 0;
    }

    @Override
    public int select(long timeout) {
      return 0;
    }

    @Override
    public int select() {
      return 0;
    }

    @Override
    public Selector wakeup() {
      return this;
    }

    @Override
    protected void implCloseSelector() throws IOException {
      real.close();
    }
  }
}
