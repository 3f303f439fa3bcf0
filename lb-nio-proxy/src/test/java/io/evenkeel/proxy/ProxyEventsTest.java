package io.evenkeel.proxy;

import static io.evenkeel.proxy.PauseReason.ACCEPT_RATE;
import static io.evenkeel.proxy.PauseReason.MAX_CONNECTIONS;
import static io.evenkeel.proxy.PauseReason.NO_DESCRIPTOR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.proxy.ProxyEvent.AcceptingPaused;
import io.evenkeel.proxy.ProxyEvent.AcceptingResumed;
import io.evenkeel.proxy.ProxyEvent.Draining;
import io.evenkeel.proxy.ProxyEvent.Listening;
import io.evenkeel.proxy.ProxyEvent.Stopped;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What the listener of a proxy hears, in what order, on which threads, and that it does no harm.
 */
@Timeout(120)
class ProxyEventsTest extends ProxyFixture {

  private final AtomicLong now = new AtomicLong();
  private final List<ProxyEvent> heard = new CopyOnWriteArrayList<>();

  /** With a clock that the test moves. */
  private void startHeard(UnaryOperator<TcpProxyBuilder> settings, Server server)
      throws IOException {
    start(
        builder ->
            settings.apply(
                builder.clock(now::get).idleTimeout(Duration.ofHours(1)).onEvent(heard::add)),
        server);
  }

  /** Every loop has seen the time when this returns, and has run what came of it. */
  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 3L * proxy.loops().size();
    while (turns() < seen) {
      takenBufferBytes();
    }
    settle();
  }

  /** What loops were told to do has been done, and what they told one another then. */
  private void settle() {
    for (int i = 0; i < 6; i++) {
      takenBufferBytes();
    }
  }

  private Socket served() throws IOException {
    Socket client = connect();
    client.getOutputStream().write(1);
    assertThat(client.getInputStream().read()).isEqualTo(1);
    return client;
  }

  private List<ProxyEvent> andThen(ProxyEvent... events) {
    List<ProxyEvent> all = new ArrayList<>();
    all.add(new Listening(proxy.localAddress()));
    all.addAll(List.of(events));
    return all;
  }

  private void awaitHeard(ProxyEvent... events) {
    await("events " + List.of(events), () -> heard.size() >= 1 + events.length);
    settle();
    assertThat(heard).isEqualTo(andThen(events));
  }

  @Test
  void lastPlaceTaken_isAPause_andTenQuietSecondsEndIt() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startHeard(builder -> builder.eventLoops(1).maxConnections(1), backend.server());
    awaitHeard();
    Socket first = served();
    AcceptingPaused paused = new AcceptingPaused(MAX_CONNECTIONS);
    awaitHeard(paused);

    // Clients come and go at the limit: no further event for any of them.
    for (int i = 0; i < 5; i++) {
      first.close();
      first = served();
      pass(Duration.ofSeconds(6));
    }
    awaitHeard(paused);

    first.close();
    await("the last has ended", () -> proxy.openRelays() == 0);
    settle();
    pass(Duration.ofMillis(9_800));
    awaitHeard(paused);
    pass(Duration.ofMillis(400));
    awaitHeard(paused, new AcceptingResumed(MAX_CONNECTIONS));

    served();
    awaitHeard(paused, new AcceptingResumed(MAX_CONNECTIONS), paused);
  }

  @Test
  void severalLoops_pauseAsOne() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startHeard(builder -> builder.eventLoops(3).maxConnections(1), backend.server());
    Socket first = served();
    List<Socket> waiting = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      waiting.add(connect());
    }
    awaitHeard(new AcceptingPaused(MAX_CONNECTIONS));
    first.close();
    for (Socket client : waiting) {
      client.close();
    }
    await(
        "all have been taken in and have ended",
        () -> proxy.stats().accepted() == 31 && proxy.openRelays() == 0);
    settle();
    awaitHeard(new AcceptingPaused(MAX_CONNECTIONS));
    pass(Duration.ofMillis(10_200));
    awaitHeard(new AcceptingPaused(MAX_CONNECTIONS), new AcceptingResumed(MAX_CONNECTIONS));
  }

  @Test
  void noDescriptor_isOneEvent_howeverOftenItIsTried_evenWhereARateIsKept() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startHeard(builder -> builder.eventLoops(1).acceptRate(1), backend.server());
    served().close(); // the turn is used up
    AcceptingPaused rate = new AcceptingPaused(ACCEPT_RATE);
    awaitHeard(rate);
    Acceptor acceptor = proxy.acceptors().get(0);
    for (int i = 0; i < 30; i++) {
      acceptor.loop().ask(() -> acceptor.failed(new IOException("Too many open files")));
      pass(Duration.ofMillis(200));
    }
    awaitHeard(rate, new AcceptingPaused(NO_DESCRIPTOR));

    // The rate goes on pausing, which keeps the other reason's end from nobody.
    for (int i = 0; i < 12; i++) {
      pass(Duration.ofMillis(1_100)); // a timer may be late
      served().close();
    }
    awaitHeard(rate, new AcceptingPaused(NO_DESCRIPTOR), new AcceptingResumed(NO_DESCRIPTOR));
    for (int i = 0; i < 2; i++) {
      pass(Duration.ofSeconds(11));
    }
    awaitHeard(
        rate,
        new AcceptingPaused(NO_DESCRIPTOR),
        new AcceptingResumed(NO_DESCRIPTOR),
        new AcceptingResumed(ACCEPT_RATE));
  }

  @Test
  void drain_isHeardOnceAndAtOnce_thenTheShutdownWithWhatItCut() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startHeard(builder -> builder.eventLoops(2).maxConnections(2), backend.server());
    served();
    served();
    AcceptingPaused paused = new AcceptingPaused(MAX_CONNECTIONS);
    awaitHeard(paused);
    proxy.drain();
    awaitHeard(paused, new Draining());
    proxy.drain();
    pass(Duration.ofSeconds(30));
    awaitHeard(paused, new Draining());
    assertThat(proxy.shutdown(Duration.ZERO)).isEqualTo(2);
    assertThat(heard).isEqualTo(andThen(paused, new Draining(), new Stopped(2)));
    proxy.shutdown(Duration.ZERO);
    assertThat(proxy.drain().toCompletableFuture().get()).isNull();
    assertThat(heard).hasSize(4);
  }

  @Test
  void shutdown_isHeardWhileItWaitsForRelays() throws Exception {
    Backend backend = closeLater(Backend.echo());
    startHeard(builder -> builder.eventLoops(1), backend.server());
    Socket client = served();
    CompletableFuture<Integer> cut = CompletableFuture.supplyAsync(() -> proxy.shutdown(LONG));
    awaitHeard(new Draining());
    assertThat(cut).isNotDone();
    client.close();
    assertThat(cut.get()).isZero();
    assertThat(heard).isEqualTo(andThen(new Draining(), new Stopped(0)));
  }

  @Test
  void listenerThatThrows_harmsNothing_andHearsTheRest() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        builder ->
            builder
                .eventLoops(1)
                .maxConnections(1)
                .clock(now::get)
                .onEvent(
                    event -> {
                      heard.add(event);
                      throw new NoClassDefFoundError("a test");
                    }),
        backend.server());
    for (int i = 0; i < 3; i++) {
      served().close();
    }
    assertQuiet();
    awaitHeard(new AcceptingPaused(MAX_CONNECTIONS));
    assertThat(proxy.shutdown(LONG)).isZero();
    assertThat(heard)
        .isEqualTo(andThen(new AcceptingPaused(MAX_CONNECTIONS), new Draining(), new Stopped(0)));
  }

  /** On a loop it may drain, which is heard afterwards; no lock of the proxy is held. */
  @Test
  void listener_isCalledOnALoop_atTheEndByWhoShutsDown_andHoldsNoLock() throws Exception {
    Backend backend = closeLater(Backend.echo());
    List<String> said = new CopyOnWriteArrayList<>();
    CompletableFuture<TcpProxy> built = new CompletableFuture<>();
    AtomicInteger inside = new AtomicInteger();
    start(
        builder -> {
          builder
              .eventLoops(2)
              .onEvent(
                  event -> {
                    said.add(
                        Thread.currentThread().getName()
                            + " "
                            + event.getClass().getSimpleName()
                            + " "
                            + inside.getAndIncrement());
                    TcpProxy it = built.join();
                    assertThat(Thread.holdsLock(it)).isFalse();
                    if (event instanceof Listening) {
                      it.drain();
                      assertThatThrownBy(() -> it.shutdown(LONG))
                          .isInstanceOf(IllegalStateException.class);
                    } else if (event instanceof Stopped) {
                      // Another thread may call what needs the lock.
                      assertThat(CompletableFuture.supplyAsync(() -> it.shutdown(LONG)).join())
                          .isZero();
                    }
                    inside.decrementAndGet();
                    said.add("done");
                  });
          return builder;
        },
        backend,
        built);
    await("both are heard", () -> said.size() == 4);
    assertThat(proxy.shutdown(LONG)).isZero();
    assertThat(said)
        .containsExactly(
            "evenkeel-loop-0 Listening 0",
            "done",
            "evenkeel-loop-0 Draining 0",
            "done",
            Thread.currentThread().getName() + " Stopped 0",
            "done");
  }

  private void start(
      UnaryOperator<TcpProxyBuilder> settings, Backend backend, CompletableFuture<TcpProxy> built)
      throws IOException {
    balancer = LoadBalancer.builder().servers(backend.server()).build();
    proxy = settings.apply(TcpProxy.builder(balancer)).build();
    built.complete(proxy);
    proxy.start();
  }

  @Test
  void startThatFails_isNotHeard_norItsShutdown() throws Exception {
    start(Server.of("127.0.0.1", 1));
    TcpProxy second =
        TcpProxy.builder(balancer)
            .listen("127.0.0.1", proxy.localAddress().getPort())
            .onEvent(heard::add)
            .build();
    assertThatThrownBy(second::start).isInstanceOf(IOException.class);
    second.drain();
    proxy.shutdown(LONG);
    second.start();
    second.shutdown(LONG);
    assertThat(heard)
        .containsExactly(new Listening(second.localAddress()), new Draining(), new Stopped(0));
    TcpProxy never = TcpProxy.builder(balancer).onEvent(heard::add).build();
    never.drain();
    never.shutdown(LONG);
    assertThat(heard).hasSize(3);
  }

  /** Loops run before the start is over. */
  @Test
  void whatComesBeforeListening_isHeardAfterIt_ifItIsStillSo() {
    ProxyEvents events = new ProxyEvents(heard::add);
    InetSocketAddress address = new InetSocketAddress(1);
    events.pauseChanged(null, NO_DESCRIPTOR, 0);
    events.draining();
    events.startFailed();
    events.pauseChanged(null, MAX_CONNECTIONS, 0);
    events.pauseChanged(null, ACCEPT_RATE, 0);
    events.pauseChanged(ACCEPT_RATE, null, 1);
    events.deliver();
    assertThat(heard).isEmpty();
    events.listening(address);
    events.deliver();
    assertThat(heard).containsExactly(new Listening(address), new AcceptingPaused(MAX_CONNECTIONS));

    heard.clear();
    ProxyEvents drained = new ProxyEvents(heard::add);
    drained.pauseChanged(null, MAX_CONNECTIONS, 0);
    drained.draining();
    drained.listening(address);
    drained.pauseChanged(MAX_CONNECTIONS, null, 0);
    drained.pauseChanged(null, null, ProxyEvents.QUIET_NANOS);
    drained.deliver();
    assertThat(heard).containsExactly(new Listening(address), new Draining());
  }

  @Test
  void pauseThatEndedBeforeADrain_isNotHeardToEndAfterIt() {
    ProxyEvents events = new ProxyEvents(heard::add);
    InetSocketAddress address = new InetSocketAddress(1);
    events.listening(address);
    events.pauseChanged(null, MAX_CONNECTIONS, 0);
    events.pauseChanged(MAX_CONNECTIONS, null, 0);
    events.draining();
    events.pauseChanged(null, null, ProxyEvents.QUIET_NANOS);
    events.pauseChanged(null, ACCEPT_RATE, ProxyEvents.QUIET_NANOS);
    events.deliver();
    assertThat(heard)
        .containsExactly(
            new Listening(address), new AcceptingPaused(MAX_CONNECTIONS), new Draining());
  }

  /** Without sockets: many threads at once, each event once and none while another is heard. */
  @Test
  void manyThreads_deliverInOrder_oneAtATime_andLeaveNothingBehind() throws Exception {
    int threads = 4;
    int each = 20_000;
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger overlaps = new AtomicInteger();
    List<ProxyEvent> all = new ArrayList<>(); // guarded by there being one at a time
    ProxyEvents events =
        new ProxyEvents(
            event -> {
              if (inside.getAndIncrement() != 0) {
                overlaps.incrementAndGet();
              }
              all.add(event);
              inside.decrementAndGet();
            });
    events.listening(new InetSocketAddress(1));
    CountDownLatch ready = new CountDownLatch(threads);
    AtomicInteger next = new AtomicInteger();
    List<CompletableFuture<Void>> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      running.add(done);
      new Thread(
              () -> {
                ready.countDown();
                try {
                  ready.await();
                  for (int n = 0; n < each; n++) {
                    synchronized (next) {
                      events.stopped(next.getAndIncrement());
                    }
                    events.deliver();
                  }
                  done.complete(null);
                } catch (Throwable e) {
                  done.completeExceptionally(e);
                }
              })
          .start();
    }
    for (CompletableFuture<Void> done : running) {
      done.get();
    }
    assertThat(overlaps).hasValue(0);
    assertThat(all).hasSize(1 + threads * each);
    for (int i = 0; i < threads * each; i++) {
      assertThat(all.get(i + 1)).isEqualTo(new Stopped(i));
    }
  }
}
