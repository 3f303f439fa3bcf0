package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Lease;
import io.evenkeel.server.admin.AdminServerBuilder.Limits;
import io.evenkeel.server.admin.Api.Reply;
import io.evenkeel.server.config.AdminConfig.Role;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What becomes of those who are being answered while the server is closed, as when it moves. */
class AdminCloseTest {

  private static final Duration EVER = Duration.ofDays(1);

  private final Api[] opened = new Api[1];

  private Api api(Duration lastAnswers, PutProgram.Put put) {
    Limits limits = new Limits(EVER, EVER, lastAnswers, EVER, 16, 4, 1 << 20, 4, EVER);
    opened[0] = new Api(builder -> builder.limits(limits).config(new PutProgram(put)));
    return opened[0];
  }

  /** Until nobody can connect any more. */
  private void awaitRefusal() throws Exception {
    while (true) {
      try (Socket socket = opened[0].connect()) {
        assertThat(socket.isConnected()).isTrue();
      } catch (ConnectException e) {
        return;
      } catch (IOException e) { // cut off: look again
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void aRequestThatClosesTheServer_isAnswered() throws Exception {
    try (Api api =
        api(
            EVER,
            () -> {
              opened[0].admin.close(); // on this thread: its answer would wait for itself
              awaitRefusal();
            })) {
      Reply reply = api.send("PUT", "/api/v1/config", "{}");
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.json().toString()).isEqualTo("{\"changes\":[\"moved\"]}");
      assertThat(reply.header("Connection")).isEqualTo("close");
      api.admin.close(); // waits until it is
      awaitNoThread();
    }
  }

  @Test
  void aRequestDuringWhichAnotherThreadClosesTheServer_isAnswered() throws Exception {
    try (Api api =
        api(
            EVER,
            () -> {
              Thread closes = new Thread(opened[0].admin::close, "closes");
              closes.start();
              awaitRefusal();
              while (closes.getState() != Thread.State.WAITING) { // until this is answered
                Thread.onSpinWait();
              }
            })) {
      assertThat(api.send("PUT", "/api/v1/config", "{}").status()).isEqualTo(200);
    }
    awaitNoThread();
  }

  @Test
  void aRequestThatNeverEnds_keepsCloseWaiting_forItsTimeAlone() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    try (Api api =
        api(
            Duration.ofMillis(1),
            () -> {
              begun.countDown();
              never.await();
            })) {
      try (Socket socket = api.connect()) {
        String head =
            Api.head(
                "PUT /api/v1/config HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                "Content-Length: 2");
        socket.getOutputStream().write((head + "{}").getBytes(StandardCharsets.US_ASCII));
        assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
        api.admin.close();
        assertThat(Api.readToEnd(socket)).isEmpty();
      }
    }
    awaitNoThread();
  }

  @Test
  void strangers_keepCloseWaitingForNothing() throws Exception {
    Limits limits = new Limits(EVER, EVER, EVER, EVER, 16, 4, 1 << 20, 4, EVER);
    try (Api api = new Api(b -> b.limits(limits).token("a", "a-secret-0123456789", Role.WRITE));
        Socket silent = api.connect();
        Socket guesses = api.connect()) {
      guesses
          .getOutputStream()
          .write(
              Api.head("GET /metrics HTTP/1.1", "Host: x", "Authorization: Bearer wrong")
                  .getBytes(StandardCharsets.US_ASCII));
      while (!api.send(
              api.request("GET", "/metrics", "")
                  .header("Authorization", "Bearer a-secret-0123456789"))
          .body()
          .contains("status=\"200\"")) {
        Thread.onSpinWait();
      }
      api.admin.close();
      assertThat(Api.readToEnd(silent) + Api.readToEnd(guesses)).isEmpty();
    }
  }

  @Test
  void close_byAThreadThatIsInterrupted_closesAllAndLeavesItSo() throws Exception {
    try (Api api = api(EVER, () -> {});
        Socket stream = api.connect()) {
      stream
          .getOutputStream()
          .write(
              Api.head(
                      "GET /api/v1/events HTTP/1.1", "Host: localhost", "Accept: text/event-stream")
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(stream.getInputStream().read()).isEqualTo('H');
      Thread.currentThread().interrupt();
      api.admin.close();
      assertThat(Thread.interrupted()).isTrue();
      awaitNoThread();
      awaitRefusal();
    }
  }

  @Test
  void aRemovalThatWaitsForADrain_isDone_thoughTheServerWasClosed() throws Exception {
    try (Api api = api(EVER, () -> {})) {
      String id;
      try (Lease lease = api.balancer.acquire()) {
        id = lease.server().id();
        assertThat(api.send("DELETE", "/api/v1/servers/" + id + "?drain_seconds=600", "").status())
            .isEqualTo(202);
        api.admin.close();
      }
      long seen = 0;
      while (api.balancer.nodes().size() == 3) {
        for (EventLog.Entry entry : api.inventory.events().await(seen, Duration.ofSeconds(1))) {
          seen = entry.seq();
        }
      }
      assertThat(api.balancer.nodes()).noneMatch(node -> node.server().id().equals(id));
    }
  }

  /** The last thread of a pool ends a moment after the pool. */
  private static void awaitNoThread() throws InterruptedException {
    for (Thread thread : AdminFuzzTest.ours()) {
      thread.join(30_000);
      assertThat(thread.isAlive()).as(thread.getName()).isFalse();
    }
  }
}
