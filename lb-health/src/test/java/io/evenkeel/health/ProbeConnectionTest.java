package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is our own doing is not held against the server. */
class ProbeConnectionTest {

  private final ProbeFixture fixture = new ProbeFixture();
  private final ProbeContext context = fixture.context();
  private final CompletableFuture<ProbeResult> result = new CompletableFuture<>();
  private final Queue<Runnable> work = new ArrayDeque<>();
  private int looks;
  private int worked;

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  /** Says nothing, and hears nothing. */
  private static class Mute implements Dialogue {

    @Override
    public ProbeResult connected(Wire wire) throws BindException {
      return ProbeResult.success();
    }

    @Override
    public ProbeResult received(ByteBuffer bytes, Wire wire) {
      return ProbeResult.success();
    }

    @Override
    public ProbeResult ended() {
      return ProbeResult.success();
    }
  }

  private final ProbeConnection.Loop loop =
      new ProbeConnection.Loop() {
        @Override
        public SelectionKey register(SocketChannel channel, int ops, ProbeConnection connection) {
          throw new UnsupportedOperationException();
        }

        @Override
        public void lookAt(ProbeConnection connection) {
          looks++;
        }

        @Override
        public Executor workers() {
          return work::add;
        }

        @Override
        public ByteBuffer scratch(int which) {
          throw new UnsupportedOperationException();
        }
      };

  private final ProbeConnection connection =
      new ProbeConnection(new InetSocketAddress("127.0.0.1", 1), new Mute(), context, result, loop);

  @Test
  void offload_noWorkerIsFree_timeUpSaysNothing() {
    context.waitsFor("connecting");
    connection.offload(() -> worked++);
    assertThat(context.timedOut())
        .isEqualTo(ProbeResult.inconclusive("waiting for a thread to check the certificate"));

    work.remove().run();

    assertThat(worked).isOne();
    assertThat(looks).isOne();
    assertThat(context.timedOut().cause()).endsWith(" waiting for the answer");
    assertThat(context.timedOut().isInconclusive()).isFalse();
  }

  @Test
  void offload_checkIsOverBeforeAWorkerIsFree_isNotDone() {
    connection.offload(() -> worked++);
    result.cancel(false);

    work.remove().run();

    assertThat(worked).isZero();
    assertThat(looks).isOne();
  }

  /** The loop goes on: the next check is made on the same thread. */
  @Test
  void noMemory_isInconclusive_andHarmsNoOtherCheck() throws Exception {
    Dialogue failing =
        new Mute() {
          @Override
          public ProbeResult connected(Wire wire) {
            throw new OutOfMemoryError("no more");
          }
        };
    ScriptedServer server = fixture.server(ScriptedServer::untilClosed);
    int port = server.server().port();
    assertThat(fixture.loop.ask("127.0.0.1", port, failing, context).get(60, TimeUnit.SECONDS))
        .isEqualTo(ProbeResult.inconclusive("java.lang.OutOfMemoryError: no more"));
    Set<Thread> threads = ProbeFixture.threads("evenkeel-health-io");
    assertThat(fixture.check(Probes.tcp(), server.server())).isEqualTo(ProbeResult.success());
    assertThat(threads).containsAll(ProbeFixture.threads("evenkeel-health-io"));
  }

  @Test
  void noLocalPortLeft_isInconclusive() throws Exception {
    Dialogue failing =
        new Mute() {
          @Override
          public ProbeResult connected(Wire wire) throws BindException {
            throw new BindException("Cannot assign requested address");
          }
        };
    ScriptedServer server = fixture.server(ScriptedServer::untilClosed);
    assertThat(
            fixture
                .loop
                .ask("127.0.0.1", server.server().port(), failing, context)
                .get(60, TimeUnit.SECONDS))
        .isEqualTo(ProbeResult.inconclusive("cannot assign requested address"));
  }
}
