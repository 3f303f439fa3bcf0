package io.evenkeel.server.admin;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SummaryTest {

  private final List<String> lines = new ArrayList<>();

  @Test
  void eachLine_isOfTheTimeSinceTheLast() throws Exception {
    try (WatchedRig rig = new WatchedRig();
        Summary summary = Summary.of(rig.inventory, lines::add)) {
      rig.clients(20, 1_000);
      rig.pass(ofMinutes(1));
      summary.say();
      rig.clients(1, 5);
      rig.pass(ofSeconds(10));
      summary.say();
      rig.sick.add("plain");
      rig.pass(ofMinutes(1));
      summary.say();
    }

    assertThat(lines).hasSize(3);
    String p99 = ", first byte p99 [0-9.,]+ ms";
    assertThat(lines.get(0).replaceFirst(p99, ""))
        .isEqualTo(
            "last 60 s: 20 connections (0.3/s), 0 open, 0 errors, 20.0 kB in, 20.0 kB out, servers"
                + " 2 of 2");
    assertThat(lines.get(1).replaceFirst(p99, ""))
        .isEqualTo(
            "last 10 s: 1 connections (0.1/s), 0 open, 0 errors, 5 B in, 5 B out, servers 2 of 2");
    assertThat(lines.get(2).replaceFirst(p99, ""))
        .isEqualTo(
            "last 60 s: 0 connections (0.0/s), 0 open, 0 errors, 0 B in, 0 B out, servers 1 of 2");
  }

  @Test
  void aBalancerWithoutAListener_hasUsesAndErrors() {
    Inventory inventory = new Inventory();
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Server.of("10.0.0.1", 80), Server.of("10.0.0.2", 80))
            .build();
    inventory.put(Inventory.Balancer.of("web", balancer));
    Summary summary = Summary.of(inventory, lines::add);
    for (int i = 0; i < 1_500; i++) {
      try (var lease = balancer.acquire()) {
        if (i % 10 == 0) {
          lease.failure(new ConnectException("refused"));
        } else {
          lease.success();
        }
      }
    }
    summary.say();
    summary.close();

    assertThat(lines.get(0).replaceFirst("last .*: ", "").replaceFirst("\\(.*/s\\)", "()"))
        .isEqualTo("1,500 connections (), 0 open, 150 errors (10.0 %), servers 2 of 2");
  }

  @Test
  void bytes_haveTheirUnit() {
    assertThat(Summary.bytes(0)).isEqualTo("0 B");
    assertThat(Summary.bytes(999)).isEqualTo("999 B");
    assertThat(Summary.bytes(1_000)).isEqualTo("1.0 kB");
    assertThat(Summary.bytes(999_949)).isEqualTo("999.9 kB");
    assertThat(Summary.bytes(999_950)).isEqualTo("1.0 MB");
    assertThat(Summary.bytes(56_300_000)).isEqualTo("56.3 MB");
    assertThat(Summary.bytes(Long.MAX_VALUE)).isEqualTo("9.2 EB");
  }

  @Test
  void start_andClose_leaveNoThread() throws Exception {
    assertThatThrownBy(() -> Summary.start(new Inventory(), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("every: PT0S (expected: >= 1 ms)");
    Summary summary = Summary.start(new Inventory(), Duration.ofMillis(1));
    Thread thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(one -> one.getName().equals("evenkeel-summary"))
            .findFirst()
            .orElseThrow();
    assertThat(thread.isDaemon()).isTrue();
    summary.close();
    summary.close();
    thread.join(TimeUnit.MINUTES.toMillis(1));
    assertThat(thread.isAlive()).isFalse();
  }
}
