package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.FailureKind;
import io.evenkeel.core.Gate;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.OutcomeListener;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What may go wrong while clients wait for room: servers that fail, leave, or change meanwhile. */
@Timeout(120)
class WaitingLineTest extends ProxyFixture {

  private static final OutcomeListener HEARS_NOTHING =
      new OutcomeListener() {
        @Override
        public void onSuccess(long latencyNanos) {}

        @Override
        public void onFailure(FailureKind kind, Throwable cause) {}
      };

  private final AtomicLong now = new AtomicLong();

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
    long seen = turns() + 2L * proxy.loops().size();
    while (turns() < seen) {
      takenBufferBytes();
    }
  }

  private Socket waiter(int place) throws IOException {
    Socket client = connect();
    client.getOutputStream().write(place);
    await(place + " wait", () -> proxy.stats().waiting() == place);
    return client;
  }

  private long ended(EndReason reason) {
    return proxy.stats().ended().get(reason);
  }

  private static void assertReset(Socket client) throws IOException {
    try (client) {
      assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
    }
  }

  /** What waiting clients say has a size of its own, larger than the smallest read buffer. */
  @Test
  void smallestReadBuffer_whatAWaitingClientSaysIsKept() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build(),
        builder -> builder.eventLoops(1).readBuffer(4_096).maxWaiting(9));
    Lease taken = balancer.acquire();
    try (Socket client = connect()) {
      await("it waits", () -> proxy.stats().waiting() == 1);
      byte[] said = new byte[30_000];
      for (int i = 0; i < said.length; i++) {
        said[i] = (byte) (i / 7);
      }
      client.getOutputStream().write(said);
      await("what it said is kept", () -> takenBufferBytes() > 0);
      taken.close();
      assertThat(client.getInputStream().readNBytes(said.length)).isEqualTo(said);
    }
    assertQuiet();
  }

  /** It said something, got a lease, and the server was dead: the next one hears it all, once. */
  @Test
  void waitingClientWhoseServerDied_isServedByAnother_andLosesNothing() throws Exception {
    Backend alive = closeLater(Backend.echo());
    Server dead = Server.of("127.0.0.1", ConnectTest.deadPort());
    start(
        LoadBalancer.builder().servers(dead, alive.server().withTier(1)).maxConcurrent(1).build(),
        builder -> builder.eventLoops(2).clock(now::get).maxWaiting(9));
    Lease first = balancer.acquire();
    Lease second = balancer.acquire();
    assertThat(first.server()).isEqualTo(dead);
    try (Socket client = waiter(1)) {
      client.getOutputStream().write(new byte[] {2, 3});
      second.close();
      first.close();
      pass(Duration.ofMillis(1_100)); // it looks
      assertThat(client.getInputStream().readNBytes(3)).containsExactly(1, 2, 3);
    }
    assertQuiet();
    assertThat(balancer.nodes().get(0).failures()).isEqualTo(1);
  }

  /**
   * A gate, as a circuit's that half-opens, may change the balancer in the middle of a pick, and
   * then the line is told that there may be room, in the middle of serving it.
   */
  @Test
  void pickThatChangesTheBalancer_losesNobodyInLine() throws Exception {
    Backend backend = closeLater(Backend.echo());
    Backend other = closeLater(Backend.echo());
    start(
        LoadBalancer.builder()
            .servers(backend.server(), other.server())
            .maxConcurrent(2) // as much room as clients, and more
            .build(),
        builder -> builder.eventLoops(1).clock(now::get).maxWaiting(9));
    List<Lease> taken = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      taken.add(balancer.acquire());
    }
    List<Socket> waiting = new ArrayList<>();
    for (int place = 1; place <= 2; place++) {
      waiting.add(waiter(place));
    }
    BlockOwner owner = balancer.claim(Block.CIRCUIT_OPEN);
    AtomicLong change = new AtomicLong();
    for (Node node : balancer.nodes()) {
      owner.gate(node, changing(node, change));
    }
    taken.forEach(Lease::close);
    pass(Duration.ofMillis(1_100)); // they look
    assertThat(change.get()).isPositive();
    for (Socket next : waiting) {
      assertThat(next.getInputStream().read()).isEqualTo(waiting.indexOf(next) + 1);
      next.close();
    }
    assertQuiet();
    assertThat(ended(EndReason.INTERNAL_ERROR)).isZero();
  }

  private Gate changing(Node node, AtomicLong changes) {
    return new Gate() {
      @Override
      public OutcomeListener tryEnter() {
        if (changes.get() < 20) {
          String value = Long.toString(changes.incrementAndGet());
          balancer.update(node.server().withMetadata("change", value));
        }
        return HEARS_NOTHING;
      }

      @Override
      public String refusal() {
        return null;
      }
    };
  }

  @Test
  void serversBlockedWhileOthersWait_newcomersAreRefusedAtOnce() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build(),
        builder -> builder.eventLoops(1).clock(now::get).maxWaiting(9));
    Lease taken = balancer.acquire();
    try (Socket waiting = waiter(1)) {
      balancer.drain(backend.server().id());
      assertReset(connect());
      assertThat(ended(EndReason.NO_SERVER)).isEqualTo(1);
      balancer.resume(backend.server().id());
      taken.close();
      pass(Duration.ofMillis(1_100));
      assertThat(waiting.getInputStream().read()).isEqualTo(1);
    }
    assertQuiet();
  }

  @Test
  void everyServerTried_inAPanic_isRefusedAtOnce() throws Exception {
    Server dead = Server.of("127.0.0.1", ConnectTest.deadPort());
    start(
        LoadBalancer.builder().servers(dead).panicThreshold(1).build(),
        builder -> builder.eventLoops(1).maxWaiting(9));
    balancer.claim(Block.PROBE_DOWN).set(dead.id(), "a test");
    assertThat(balancer.isPanicking()).isTrue();
    assertReset(connect());
    assertThat(ended(EndReason.CONNECT_FAILED)).isEqualTo(1);
    assertQuiet();
  }

  @Test
  void fullServers_inAPanic_areWaitedFor() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).panicThreshold(1).maxConcurrent(1).build(),
        builder -> builder.eventLoops(1).clock(now::get).maxWaiting(9));
    balancer.claim(Block.PROBE_DOWN).set(backend.server().id(), "a test");
    Lease taken = balancer.acquire();
    try (Socket waiting = waiter(1)) {
      taken.close();
      pass(Duration.ofMillis(1_100));
      assertThat(waiting.getInputStream().read()).isEqualTo(1);
    }
    assertQuiet();
  }

  /** It tried one server, then waited for another for longer than connecting may take. */
  @Test
  void timeInLine_isNotTakenFromTheTimeToConnect() throws Exception {
    try (ServerSocket silent = ConnectTest.fullListener(this)) {
      Server dead = Server.of("127.0.0.1", ConnectTest.deadPort());
      Server slow = Server.of("127.0.0.1", silent.getLocalPort()).withTier(1);
      start(
          LoadBalancer.builder().servers(dead, slow).maxConcurrent(1).build(),
          builder ->
              builder
                  .eventLoops(1)
                  .clock(now::get)
                  .maxWaiting(9)
                  .waitTimeout(Duration.ofSeconds(20))
                  .connectTimeout(Duration.ofSeconds(4))
                  .connectDeadline(Duration.ofSeconds(6)));
      Lease first = balancer.acquire();
      Lease taken = balancer.acquire();
      assertThat(taken.server()).isEqualTo(slow);
      first.close();
      try (Socket client = connect()) {
        await("it waits", () -> proxy.stats().waiting() == 1);
        pass(Duration.ofSeconds(10));
        taken.close();
        pass(Duration.ofMillis(1_100));
        await("it has been let in", () -> proxy.stats().waiting() == 0);
        pass(Duration.ofMillis(3_500));
        assertThat(proxy.openRelays()).as("it may take 4 s to connect").isEqualTo(1);
        assertThat(balancer.nodes().get(1).failures()).as("nor is its server blamed").isZero();
        pass(Duration.ofMillis(700));
        assertReset(client);
        assertThat(ended(EndReason.CONNECT_FAILED)).isEqualTo(1);
      }
    }
  }

  /** A nano-clock may be anywhere, and may go over. */
  @Test
  void clockThatOverflows_thoseInLineStillLook() throws Exception {
    now.set(Long.MAX_VALUE - Duration.ofMillis(500).toNanos());
    Backend backend = closeLater(Backend.echo());
    start(
        LoadBalancer.builder().servers(backend.server()).maxConcurrent(1).build(),
        builder -> builder.eventLoops(1).clock(now::get).maxWaiting(9));
    Lease taken = balancer.acquire();
    try (Socket waiting = waiter(1)) {
      taken.close();
      pass(Duration.ofMillis(1_100));
      assertThat(waiting.getInputStream().read()).isEqualTo(1);
    }
    assertQuiet();
  }

  /** Leases go from loop to loop while both end: none must be left with a loop that is no more. */
  @Test
  void shutdownWhileLeasesAreHandedOver_losesNone() throws Exception {
    for (int round = 0; round < 40; round++) {
      Backend backend = Backend.echo();
      start(
          LoadBalancer.builder().servers(backend.server()).maxConcurrent(4).build(),
          builder -> builder.eventLoops(3).maxWaiting(100));
      List<Socket> clients = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        clients.add(connect());
      }
      await("all are in", () -> proxy.openRelays() == 24);
      CompletableFuture<Void> leaving =
          CompletableFuture.runAsync(
              () -> {
                for (Socket client : clients) {
                  closeQuietly(client);
                }
              });
      proxy.shutdown(Duration.ZERO);
      leaving.join();
      assertThat(proxy.stats().waiting()).isZero();
      assertThat(balancer.nodes().get(0).inFlight()).isZero();
      backend.close();
    }
  }

  private static void closeQuietly(Socket client) {
    try {
      reset(client);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
