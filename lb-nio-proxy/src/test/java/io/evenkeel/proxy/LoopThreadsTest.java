package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose threads the event loops run on, and what becomes of a factory that does not do its job. */
@Timeout(60)
class LoopThreadsTest extends ProxyFixture {

  private final List<Thread> made = new CopyOnWriteArrayList<>();

  private void startWith(ThreadFactory threads) throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2).threadFactory(threads), backend.server());
  }

  private void echoOnce() throws Exception {
    try (Socket client = connect()) {
      client.getOutputStream().write(3);
      assertThat(client.getInputStream().read()).isEqualTo(3);
    }
  }

  private Thread remember(Thread thread) {
    made.add(thread);
    return thread;
  }

  /** With a factory that fails; the message of that, once it is seen that nothing is left. */
  private String failureOf(ThreadFactory threads) throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1), backend.server());
    int port = proxy.localAddress().getPort();
    proxy.shutdown(Duration.ZERO);
    long before = sockets();
    TcpProxy failing = proxyOn(port).threadFactory(threads).build();
    AtomicReference<String> message = new AtomicReference<>();
    assertThatThrownBy(failing::start)
        .isInstanceOf(IllegalStateException.class)
        .satisfies(e -> message.set(e.getMessage()));
    assertThat(sockets()).isEqualTo(before);
    assertThat(failing.openRelays()).isZero();
    assertThat(failing.shutdown(Duration.ZERO)).isZero();
    proxy = proxyOn(port).build(); // the address is free
    proxy.start();
    echoOnce();
    return message.get();
  }

  private TcpProxyBuilder proxyOn(int port) {
    return TcpProxy.builder(balancer).listen("127.0.0.1", port).eventLoops(2);
  }

  @Test
  void byDefault_theyAreNumbered_andNoDaemonsWhoeverStarts() throws Exception {
    Backend backend = closeLater(Backend.echo());
    CompletableFuture<Void> started = new CompletableFuture<>();
    Thread starter =
        new Thread(
            () -> {
              try {
                start(builder -> builder.eventLoops(3), backend.server());
                started.complete(null);
              } catch (Throwable e) {
                started.completeExceptionally(e);
              }
            });
    starter.setDaemon(true);
    starter.start();
    started.join();
    assertThat(proxy.loops())
        .extracting(loop -> loop.thread().getName())
        .containsExactly("evenkeel-loop-0", "evenkeel-loop-1", "evenkeel-loop-2");
    assertThat(proxy.loops()).noneMatch(loop -> loop.thread().isDaemon());
  }

  @Test
  void factory_makesThem_andMayWrapWhatTheyRun() throws Exception {
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    startWith(
        loop ->
            remember(
                new Thread(
                    () -> {
                      begun.incrementAndGet();
                      loop.run();
                      ended.incrementAndGet();
                    },
                    "mine-" + made.size())));
    echoOnce();
    assertThat(made).extracting(Thread::getName).containsExactly("mine-0", "mine-1");
    assertThat(begun).hasValue(2);
    CompletableFuture<Throwable> onLoop = new CompletableFuture<>();
    EventLoop loop = proxy.loops().get(0);
    loop.execute(
        () -> {
          try {
            proxy.stats();
            onLoop.complete(null);
          } catch (Throwable e) {
            onLoop.complete(e);
          }
        });
    assertThat(onLoop.get()).as("knows its own thread").isInstanceOf(IllegalStateException.class);
    assertQuiet();
    proxy.shutdown(LONG);
    assertThat(ended).as("the shutdown waits for the wrapper, too").hasValue(2);
    assertThat(made).noneMatch(Thread::isAlive);
  }

  @Test
  void threadThatHandsItsTaskOn_isAsGood() throws Exception {
    List<Thread> real = new CopyOnWriteArrayList<>();
    startWith(
        loop ->
            new Thread(
                () -> {
                  Thread other = new Thread(loop, "other");
                  real.add(other);
                  other.start();
                }));
    echoOnce();
    CompletableFuture<Boolean> onLoop = new CompletableFuture<>();
    EventLoop loop = proxy.loops().get(0);
    loop.execute(() -> onLoop.complete(loop.isCurrentThread()));
    assertThat(onLoop.get()).isTrue();
    long listeners = 2;
    proxy.shutdown(LONG);
    await("loops' sockets close", () -> sockets() <= socketsBefore - listeners);
    for (Thread thread : real) {
      thread.join();
    }
  }

  @Test
  void factoryThatReturnsNull_failsTheStart() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    assertThat(failureOf(loop -> asked.getAndIncrement() == 0 ? new Thread(loop) : nothing()))
        .isEqualTo("threadFactory: null (expected: a thread)");
    assertThat(asked).as("the first loop had its thread already").hasValue(2);
  }

  @SuppressWarnings("NullAway") // what a careless factory does
  private static Thread nothing() {
    return null;
  }

  @Test
  void factoryThatThrows_failsTheStart() throws Exception {
    assertThat(
            failureOf(
                loop -> {
                  throw new UnsupportedOperationException("no more threads");
                }))
        .isEqualTo("threadFactory: threw java.lang.UnsupportedOperationException: no more threads");
  }

  @Test
  void factoryThatStartsThem_failsTheStart() throws Exception {
    assertThat(
            failureOf(
                loop -> {
                  Thread thread = remember(new Thread(loop, "eager"));
                  thread.start();
                  return thread;
                }))
        .matches("threadFactory: Thread\\[.*eager.*] \\(expected: one that was not started\\)");
    for (Thread thread : made) {
      thread.join();
    }
  }

  /** The second start fails, when the first loop runs already. */
  @Test
  void factoryThatMakesOneForTwo_failsTheStart() throws Exception {
    AtomicReference<Thread> only = new AtomicReference<>();
    String message =
        failureOf(
            loop -> {
              only.compareAndSet(null, remember(new Thread(loop)));
              return only.get();
            });
    assertThat(message).matches("threadFactory: Thread.* \\(expected: one that was not started\\)");
    for (Thread thread : made) {
      assertThat(thread.isAlive()).isFalse();
    }
  }

  @Test
  void threadThatDoesNotRunItsTask_leavesNothingAfterTheShutdown() throws Exception {
    long before = sockets();
    Backend backend = closeLater(Backend.echo());
    proxy =
        TcpProxy.builder(LoadBalancer.builder().servers(backend.server()).build())
            .eventLoops(2)
            .threadFactory(loop -> new Thread(() -> {}))
            .build();
    proxy.start();
    try (Socket client = connect()) { // into the kernel's queue
      assertThat(client.isConnected()).isTrue();
    }
    proxy.shutdown(Duration.ZERO);
    assertThat(sockets()).isEqualTo(before + 1); // the server's
    assertThat(proxy.stats().accepted()).as("and it still answers").isZero();
  }
}
