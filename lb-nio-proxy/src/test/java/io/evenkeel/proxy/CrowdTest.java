package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Very many clients at once. In {@code mvn verify -Plong} alone. */
@Tag("long")
@Timeout(300)
class CrowdTest extends ScenarioFixture {

  private static final int MANY = 9_000;
  private static final int STORM = 2_000;

  private Server startServer() throws Exception {
    Crowd.Remote server = closeLater(new Crowd.Remote("server"));
    return Server.of("127.0.0.1", Integer.parseInt(server.readLine()));
  }

  @Test
  void nineThousandRelaysAtOnce_allAreServed_costNothingWhenSilent_andAllDescriptorsComeBack()
      throws Exception {
    long limit = descriptorLimit();
    Assumptions.assumeTrue(limit > 2 * MANY + 500, "has only " + limit + " descriptors");
    Server server = startServer();
    Crowd.Remote clients = closeLater(new Crowd.Remote("clients"));
    long before = descriptors();
    start(builder -> builder.eventLoops(2), server);
    long started = descriptors();
    int port = proxy.localAddress().getPort();
    for (int i = 0; i < MANY; i += 1_500) {
      clients.ask("connect " + port + " 1500");
    }
    clients.ask("echo");
    assertThat(proxy.openRelays()).isEqualTo(MANY);
    assertThat(takenBufferBytes()).isZero();
    awaitIdle();
    try (Socket another = connect()) {
      for (int i = 0; i < 100; i++) {
        echo(another);
      }
    }
    clients.ask("echo");
    clients.ask("leave " + MANY / 2);
    await("half of them have left", () -> proxy.openRelays() == MANY / 2);
    clients.ask("echo");
    clients.close(); // killed
    assertQuiet();
    assertThat(descriptors()).isEqualTo(started);
    assertThat(proxy.stats().accepted()).isEqualTo(MANY + 1);
    assertThat(proxy.stats().refused()).isZero();
    proxy.shutdown(LONG);
    assertThat(descriptors()).isEqualTo(before);
  }

  @Test
  void stormsOfTwoThousandConnects_noneIsRefused_allAreServed() throws Exception {
    Server server = startServer();
    start(builder -> builder.eventLoops(2), server);
    long started = descriptors();
    for (int i = 1; i <= 4; i++) {
      CountDownLatch go = new CountDownLatch(1);
      if (i % 2 == 0) { // all of them are in the kernel's queue when the loops come to look
        for (EventLoop loop : proxy.loops()) {
          loop.execute(() -> awaitFully(go));
        }
      }
      try (Crowd crowd = new Crowd()) {
        crowd.connect(proxy.localAddress(), STORM);
        go.countDown();
        crowd.echo();
        assertThat(proxy.openRelays()).isEqualTo(STORM);
        crowd.leave(STORM / 2);
      }
      assertQuiet();
      assertThat(descriptors()).isEqualTo(started);
      assertThat(proxy.stats().accepted()).isEqualTo((long) i * STORM);
    }
    assertThat(proxy.stats().refused()).isZero();
  }

  private static void awaitFully(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long descriptorLimit() throws Exception {
    Matcher limit =
        Pattern.compile("Max open files +(\\d+)")
            .matcher(Files.readString(Path.of("/proc/self/limits")));
    return limit.find() ? Long.parseLong(limit.group(1)) : Long.MAX_VALUE;
  }
}
