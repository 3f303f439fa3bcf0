package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@link Chaos}, for {@code -Dchaos.seconds=…} with each of these settings: one in every build, in
 * {@code -Plong} a minute in all. {@code -Dchaos.seed=…} has the same conversations and
 * disturbances again.
 */
@Timeout(900)
class ChaosTest extends ScenarioFixture {

  private static final Duration TIME = Duration.ofSeconds(Long.getLong("chaos.seconds", 1));
  private static final Duration NEVER = Duration.ofHours(1);

  /** What makes the difference between bytes that go straight through and bytes that are kept. */
  private enum Settings {
    DEFAULT,
    SMALL_SOCKET_BUFFERS,
    SMALL_READ_BUFFER_AND_WATER_MARKS;

    TcpProxyBuilder apply(TcpProxyBuilder builder) {
      return switch (this) {
        case DEFAULT -> builder;
        case SMALL_SOCKET_BUFFERS -> builder.socketBuffers(4_096, 4_096);
        default -> builder.socketBuffers(0, 8_192).readBuffer(16_384).waterMarks(20_000, 200_000);
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void chaos_noByteIsLostDoubledOrReordered_andNothingIsLeft(Settings settings) throws Exception {
    long seed = Long.getLong("chaos.seed", ThreadLocalRandom.current().nextLong());
    try {
      chaos(settings, seed);
    } catch (Throwable e) {
      throw new AssertionError("-Dchaos.seed=" + seed + ": " + e.getMessage(), e);
    }
  }

  private void chaos(Settings settings, long seed) throws Exception {
    try (Chaos chaos = new Chaos(seed)) {
      final long before = descriptors();
      start(
          LoadBalancer.builder().servers(chaos.servers()).maxConcurrent(8).seed(seed).build(),
          builder ->
              settings
                  .apply(builder)
                  .eventLoops(3)
                  .maxWaiting(1_000)
                  .waitTimeout(NEVER)
                  .idleTimeout(NEVER)
                  .halfClosedTimeout(NEVER));
      chaos.run(proxy, balancer, TIME);
      assertQuiet();

      // Else it has shown nothing.
      assertThat(chaos.whole).hasPositiveValue();
      assertThat(chaos.wholeAtServers).hasPositiveValue();
      assertThat(chaos.cut).hasPositiveValue();
      assertThat(chaos.kills).hasPositiveValue();
      assertThat(chaos.changes).hasPositiveValue();

      ProxyStats stats = proxy.stats();
      assertThat(chaos.turnedAway.get())
          .isLessThanOrEqualTo((int) (stats.refused() + ended(EndReason.CLIENT_LEFT)));
      assertThat(ended(EndReason.INTERNAL_ERROR)).isZero();
      assertThat(ended(EndReason.IDLE) + ended(EndReason.HALF_CLOSED)).isZero();
      assertThat(stats.ended().values().stream().mapToLong(Long::longValue).sum())
          .isEqualTo(stats.accepted());
      for (int i = 0; i < 20; i++) {
        try (Socket client = connect()) {
          client.shutdownOutput(); // too short to be of a conversation
          assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
      }
      assertQuiet();
      proxy.shutdown(LONG);
      assertThat(descriptors()).isEqualTo(before);
      assertThat(Thread.getAllStackTraces().keySet())
          .noneMatch(thread -> thread.getName().startsWith("evenkeel-"));
    }
  }
}
