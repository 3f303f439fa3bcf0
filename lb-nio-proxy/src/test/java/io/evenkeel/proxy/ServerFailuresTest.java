package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.proxy.ServerProcess.Mode;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Servers that are killed, stopped, that reset or accept nobody; real processes where it counts.
 */
@Timeout(120)
class ServerFailuresTest extends ScenarioFixture {

  @Test
  void serverKilledInMidDownload_clientKeepsWhatCame_nextOneIsServedElsewhere_thenThereAgain()
      throws Exception {
    ServerProcess killed = closeLater(new ServerProcess(Mode.SOURCE, 0, 100));
    Backend spare = closeLater(Backend.echo());
    startOnClock(killed.server(), spare.server().withTier(1));
    try (Socket client = connect()) {
      InputStream in = client.getInputStream();
      long got = ServerProcess.BYTES.receive(in, 0, 8 * MIB);
      killed.kill();
      try {
        ServerProcess.BYTES.receive(in, got, Long.MAX_VALUE);
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("reset");
      }
    }
    try (Socket next = connect()) {
      echo(next);
    }
    ServerProcess again = closeLater(new ServerProcess(Mode.SOURCE, killed.port(), 100));
    try (Socket later = connect()) {
      ServerProcess.BYTES.receive(later.getInputStream(), 0, MIB);
    }
    again.kill();
    assertQuiet();
  }

  @Test
  void serverKilledOverUnreadBytes_clientThatStillSendsIsReset() throws Exception {
    ServerProcess killed = closeLater(new ServerProcess(Mode.SINK, 0, 100));
    startOnClock(killed.server());
    try (Socket client = connect()) {
      CompletableFuture<Void> upload = upload(client);
      await("bytes arrive", () -> proxy.stats().bytesFromClients() > MIB);
      killed.stop();
      await("the server takes no more", () -> takenBufferBytes() > 0);
      killed.kill();
      assertThatThrownBy(() -> upload.get(30, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IOException.class);
    }
    assertQuiet();
    assertThat(ended(EndReason.SERVER_RESET)).isEqualTo(1);
  }

  /** The client has said that all is sent: what of it was thrown away was not passed on. */
  @Test
  void serverAnswersEarlyAndResets_clientThatHasEndedGetsTheAnswer_andItIsNotCalledFinished()
      throws Exception {
    CountDownLatch allIsSent = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  assertThat(socket.getInputStream().read()).isZero();
                  allIsSent.await();
                  socket.getOutputStream().write(new byte[] {1, 2, 3}); // and closes: a reset
                }));
    start(builder -> builder.eventLoops(1).waterMarks(0, 16 << 20), backend.server());
    try (Socket client = connect()) {
      client.getOutputStream().write(new byte[12 << 20]); // more than the kernel takes for it
      client.shutdownOutput();
      await("all is read", () -> proxy.stats().bytesFromClients() == 12 << 20);
      assertThat(takenBufferBytes()).isPositive();
      proxy // does not look before both have come, the answer and the reset
          .loops()
          .get(0)
          .execute(
              () -> {
                allIsSent.countDown();
                awaitUninterruptibly(goOn);
              });
      await("the server has left", () -> backend.openSessions() == 0);
      goOn.countDown();
      assertThat(client.getInputStream().readAllBytes()).containsExactly(1, 2, 3);
    }
    assertQuiet();
    assertThat(ended(EndReason.SERVER_STOPPED_READING)).isEqualTo(1);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void serverStopped_othersAreServed_newClientsGoElsewhere_andWhenItGoesOnNoByteIsLost()
      throws Exception {
    ServerProcess stopped = closeLater(new ServerProcess(Mode.ECHO, 0, 1));
    Backend spare = closeLater(Backend.echo());
    startOnClock(spare.server().withTier(1));
    List<Socket> clients = new ArrayList<>();
    Socket other = connect();
    echo(other);
    balancer.add(stopped.server());

    long size = 128 * MIB;
    CountDownLatch hasStopped = new CountDownLatch(1);
    KnownBytes bytes = new KnownBytes(1);
    Socket stream = connect();
    AtomicLong got = new AtomicLong();
    CompletableFuture<Void> sent =
        async(
            () -> {
              bytes.send(stream.getOutputStream(), 8 * MIB, 50_000);
              hasStopped.await();
              bytes.send(stream.getOutputStream(), 8 * MIB, size, 50_000);
              stream.shutdownOutput();
              return null;
            });
    CompletableFuture<Void> received =
        async(
            () -> {
              for (long last = -1; got.get() > last; ) {
                last = got.get();
                got.set(bytes.receive(stream.getInputStream(), last, last + 10_000));
              }
              return null;
            });
    await("bytes come back", () -> got.get() > MIB);
    stopped.stop();
    hasStopped.countDown();
    await("the server takes no more", () -> takenBufferBytes() > 0);
    awaitIdle();
    assertThat(takenBufferBytes()).isBetween(1L, 2L * EventLoop.READ_BUFFER_BYTES);
    assertThat(sent).isNotDone();

    // Two of these get into its kernel's queue; for the others it is as if nobody were there.
    for (int i = 0; i < 6; i++) {
      Socket client = connect();
      client.getOutputStream().write(i);
      clients.add(client);
    }
    await("all are in", () -> proxy.openRelays() == 8);
    advance(CONNECT.plus(LATE));
    await("some are served elsewhere", () -> spare.accepted.get() > 1);
    for (int i = 0; i < 20; i++) {
      echo(other);
    }
    awaitIdle();

    stopped.resume();
    sent.get();
    received.get();
    assertThat(got).hasValue(size);
    for (int i = 0; i < 6; i++) {
      assertThat(clients.get(i).getInputStream().read()).isEqualTo(i);
      clients.get(i).close();
    }
    stream.close();
    other.close();
    assertQuiet();
    assertThat(proxy.refusedClients()).isZero();
    assertThat(spare.accepted.get()).isLessThan(7); // some have waited for the one that was stopped
  }

  @Test
  void serverStoppedForTooLong_relaysEnd_andItNeverHearsThatAllCame() throws Exception {
    ServerProcess stopped = closeLater(new ServerProcess(Mode.SINK, 0, 100));
    startOnClock(stopped.server());
    try (Socket silent = connect();
        Socket client = connect()) {
      await("both are connected", () -> proxy.stats().connectTime().count() == 2);
      CompletableFuture<Void> upload = upload(client);
      await("bytes arrive", () -> proxy.stats().bytesFromClients() > MIB);
      stopped.stop();
      await("the server takes no more", () -> takenBufferBytes() > 0);
      awaitIdle();
      advance(IDLE.minusSeconds(1));
      assertThat(proxy.openRelays()).isEqualTo(2);
      awaitInTime("both end", () -> ended(EndReason.IDLE) == 2);
      assertThat(silent.getInputStream().read()).isEqualTo(-1);
      assertThatThrownBy(() -> upload.get(30, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IOException.class);
      stopped.resume();
      // It must not take what it has got of the upload for the whole.
      assertThat(List.of(stopped.readLine(), stopped.readLine()))
          .containsExactlyInAnyOrder("FIN after 0", "reset");
    }
    assertQuiet();
  }

  @Test
  void serverThatAcceptsNobody_clientsGoElsewhereInTime_othersAreServedAndNothingSpinsMeanwhile()
      throws Exception {
    Backend spare = closeLater(Backend.echo());
    try (ServerSocket full = ConnectTest.fullListener(this)) {
      startOnClock(spare.server().withTier(1));
      Socket other = connect();
      echo(other);
      balancer.add(Server.of("127.0.0.1", full.getLocalPort()));
      List<Socket> clients = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        Socket client = connect();
        client.getOutputStream().write(7);
        clients.add(client);
      }
      await("all are in", () -> proxy.openRelays() == 101);
      advance(CONNECT.minusSeconds(1));
      for (int i = 0; i < 20; i++) {
        echo(other);
      }
      awaitIdle();
      assertThat(spare.accepted).hasValue(1);
      assertThat(proxy.openRelays()).isEqualTo(101);
      advance(LATE.plusSeconds(1));
      for (Socket client : clients) {
        assertThat(client.getInputStream().read()).isEqualTo(7);
        client.close();
      }
      other.close();
      assertQuiet();
      Node node = balancer.nodes().get(1);
      assertThat(node.server().port()).isEqualTo(full.getLocalPort());
      assertThat(node.failures()).isEqualTo(100);
      assertThat(proxy.refusedClients()).isZero();
    }
  }

  /** What one end does; the other one does the opposite. */
  private enum Cut {
    SENDS_AND_RESETS,
    RECEIVES_AND_RESETS,
    SEES_A_RESET_IN_WHAT_COMES,
    SEES_A_RESET_OF_WHAT_IT_SENDS,
    /** Both send and receive, and reset; at any time. */
    ALL_AT_ONCE
  }

  @Test
  void resetsInMidTransfer_areSeenAsResetsAtTheOtherEnd_andAllThatCameBeforeIsRight()
      throws Exception {
    SplittableRandom random = new SplittableRandom(3);
    CyclicBarrier together = new CyclicBarrier(2);
    AtomicLong cutAt = new AtomicLong();
    List<Cut> atServer = new ArrayList<>();
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  socket.getOutputStream().write(socket.getInputStream().read());
                  cut(socket, atServer.get(0), cutAt.get());
                  together.await();
                }));
    start(builder -> builder.eventLoops(2), backend.server());
    for (int i = 0; i < 100; i++) {
      Cut atClient = Cut.values()[i % 5];
      Cut opposite =
          switch (atClient) {
            case SENDS_AND_RESETS -> Cut.SEES_A_RESET_IN_WHAT_COMES;
            case RECEIVES_AND_RESETS -> Cut.SEES_A_RESET_OF_WHAT_IT_SENDS;
            case SEES_A_RESET_IN_WHAT_COMES -> Cut.SENDS_AND_RESETS;
            case SEES_A_RESET_OF_WHAT_IT_SENDS -> Cut.RECEIVES_AND_RESETS;
            default -> Cut.ALL_AT_ONCE;
          };
      atServer.clear();
      atServer.add(opposite);
      cutAt.set(random.nextLong(i < 50 ? 200_000 : 4 * MIB));
      try (Socket client = connect()) {
        client.getOutputStream().write(0);
        assertThat(client.getInputStream().read()).isZero(); // they are connected
        cut(client, atClient, cutAt.get());
      }
      together.await(30, TimeUnit.SECONDS); // or the server has failed
    }
    assertQuiet();
    assertThat(ended(EndReason.CLIENT_RESET)).isGreaterThanOrEqualTo(40);
    assertThat(ended(EndReason.SERVER_RESET)).isGreaterThanOrEqualTo(40);
    // A server that resets over what it has sent and not read may have stopped reading, as seen.
    assertThat(
            ended(EndReason.CLIENT_RESET)
                + ended(EndReason.SERVER_RESET)
                + ended(EndReason.SERVER_STOPPED_READING))
        .isEqualTo(100);
  }

  private void cut(Socket socket, Cut cut, long at) throws Exception {
    KnownBytes bytes = ServerProcess.BYTES;
    switch (cut) {
      case SENDS_AND_RESETS -> {
        bytes.send(socket.getOutputStream(), at, 10_000);
        reset(socket);
      }
      case RECEIVES_AND_RESETS -> {
        bytes.receive(socket.getInputStream(), 0, at);
        reset(socket);
      }
      case SEES_A_RESET_IN_WHAT_COMES ->
          assertThatThrownBy(() -> bytes.receive(socket.getInputStream(), 0, Long.MAX_VALUE))
              .isInstanceOf(IOException.class)
              .hasMessageContaining("reset");
      case SEES_A_RESET_OF_WHAT_IT_SENDS ->
          assertThatThrownBy(() -> bytes.send(socket.getOutputStream(), Long.MAX_VALUE, 10_000))
              .isInstanceOf(IOException.class);
      default -> {
        CompletableFuture<Void> sender = upload(socket);
        try {
          bytes.receive(socket.getInputStream(), 0, at);
          reset(socket);
        } catch (IOException e) {
          assertThat(e).hasMessageContaining("reset");
        }
        assertThatThrownBy(() -> sender.get(30, TimeUnit.SECONDS))
            .hasCauseInstanceOf(IOException.class);
      }
    }
  }

  private CompletableFuture<Void> upload(Socket client) {
    return async(
        () -> {
          ServerProcess.BYTES.send(client.getOutputStream(), Long.MAX_VALUE, 64 * 1024);
          return null;
        });
  }
}
