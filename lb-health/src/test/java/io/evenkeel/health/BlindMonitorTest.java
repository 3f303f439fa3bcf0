package io.evenkeel.health;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.core.Warning;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A monitor whose checks cannot be made says so: it would find nobody down. */
class BlindMonitorTest {

  private static final Duration INTERVAL = ofSeconds(10);
  private static final ProbeResult BLIND = ProbeResult.inconclusive("too many open files");
  private static final List<Server> SERVERS =
      List.of(
          Server.of("10.0.0.1", 80),
          Server.of("10.0.0.2", 80),
          Server.of("10.0.0.3", 80),
          Server.of("10.0.0.4", 80));

  private final VirtualTime time = new VirtualTime();
  private final FakeProbe probe = new FakeProbe();
  private final LoadBalancer balancer = LoadBalancer.builder().servers(SERVERS).build();
  private final HealthMonitor monitor =
      HealthMonitor.builder(balancer)
          .probe(probe)
          .policy(HealthPolicy.builder().interval(INTERVAL).jitter(0).build())
          .clock(time)
          .scheduler(time)
          .start();

  private void answer(int count, ProbeResult result) {
    SERVERS.subList(0, count).forEach(server -> probe.answer(server, result));
  }

  private List<String> warnings() {
    return balancer.warnings().stream()
        .filter(warning -> warning.name().equals("checks_inconclusive"))
        .map(Warning::text)
        .toList();
  }

  @Test
  void mostServersThreeInARow_warns_untilFewerAre() {
    answer(4, ProbeResult.success());
    answer(3, BLIND);
    time.advance(INTERVAL.multipliedBy(2));
    assertThat(warnings()).isEmpty();

    time.advance(INTERVAL);
    assertThat(warnings())
        .containsExactly(
            "the last checks of 3 of 4 servers could not be made, so that nobody notices if one"
                + " goes down: too many open files");

    answer(1, ProbeResult.success());
    time.advance(INTERVAL);
    assertThat(warnings()).isEmpty();
    monitor.close();
  }

  @Test
  void halfOfTheServers_doesNotWarn_untilOthersLeave() {
    answer(4, ProbeResult.success());
    answer(2, BLIND);
    time.advance(INTERVAL.multipliedBy(4));
    assertThat(warnings()).isEmpty();

    balancer.remove(SERVERS.get(3).id());
    time.advance(Duration.ZERO);
    assertThat(warnings()).hasSize(1);

    balancer.remove(SERVERS.get(0).id());
    time.advance(Duration.ZERO);
    assertThat(warnings()).isEmpty();
    monitor.close();
  }
}
