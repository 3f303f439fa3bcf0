package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** What cannot work as it is meant is said, by name, in the value at once and in the log once. */
class WarningsTest {

  @Test
  void soundConfiguration_hasNone() {
    assertThat(names(servers(1, 0), 0)).isEmpty();
    assertThat(names(servers(10, 0), 0.5)).isEmpty();
    assertThat(names(List.of(), 0.5)).isEmpty();
    assertThat(names(servers(1, 0), 1)).as("a single server has nobody to stand in").isEmpty();
    assertThat(names(join(servers(5, 0), servers(5, 1)), 0.5)).isEmpty();
  }

  @Test
  void slowStartOfASelectorThatIgnoresWeights_isSaid() {
    for (String name : Selectors.names()) {
      LoadBalancer balancer =
          LoadBalancer.builder()
              .servers(servers(2, 0))
              .selector(Selectors.named(name))
              .slowStart(Duration.ofSeconds(30))
              .build();
      boolean isIdle =
          List.of("round_robin", "random", "ip_hash", "maglev", "rendezvous", "ring_hash")
              .contains(name);
      assertThat(balancer.warnings())
          .as(name)
          .extracting(Warning::name)
          .isEqualTo(isIdle ? List.of("slow_start_without_weights") : List.of());
    }
  }

  @Test
  void allWeightsZero_isSaid_andNothingElse() {
    List<Server> weightless =
        join(servers(2, 0), servers(2, 1)).stream().map(server -> server.withWeight(0)).toList();
    assertThat(names(weightless, 1)).containsExactly("all_weights_zero");
  }

  @Test
  void tierWithoutAnyWeight_isNeverReached() {
    List<Server> backup = servers(2, 1).stream().map(server -> server.withWeight(0)).toList();
    List<Warning> warnings = Warnings.find(join(servers(2, 0), backup), 0);
    assertThat(warnings)
        .containsExactly(
            new Warning(
                "unreachable_tier",
                "tier 1: every server in it has weight 0, so it is never used"));
  }

  @Test
  void tierBehindAPanic_isNeverReached() {
    assertThat(Warnings.find(join(servers(8, 0), servers(2, 3)), 0.5))
        .containsExactly(
            new Warning(
                "unreachable_tier",
                "tier 3: never takes over when the servers before it (8 of 10) are down, for with"
                    + " panicThreshold 0.5 that is a panic, in which they stay in use"));
    assertThat(names(join(servers(8, 0), servers(2, 3)), 0.2)).isEmpty();
    assertThat(names(join(join(servers(8, 0), servers(6, 1)), servers(2, 2)), 0.25))
        .as("of three tiers the last")
        .containsExactly("unreachable_tier");
  }

  @Test
  void thresholdThatOneFailureReaches_hidesFailures() {
    assertThat(names(servers(4, 0), 0.76)).containsExactly("panic_hides_failures");
    assertThat(names(servers(4, 0), 0.75)).isEmpty();
    assertThat(names(servers(10_000, 0), 1)).containsExactly("panic_hides_failures");
  }

  /** The warnings say what the balancer does: every case is played through. */
  @Property(tries = 200)
  void warnings_areTrue(
      @ForAll @IntRange(min = 1, max = 6) int first,
      @ForAll @IntRange(max = 6) int backups,
      @ForAll @IntRange(max = 20) int twentieths) {
    double threshold = twentieths / 20.0;
    List<Server> servers = join(servers(first, 0), servers(backups, 1));
    LoadBalancer balancer =
        LoadBalancer.builder().servers(servers).panicThreshold(threshold).build();
    List<String> names = balancer.warnings().stream().map(Warning::name).toList();
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);

    prober.set("t0-0", "refused");
    if (servers.size() > 1) {
      assertThat(names.contains("panic_hides_failures")).isEqualTo(balancer.isPanicking());
    }
    for (int i = 1; i < first; i++) {
      prober.set("t0-" + i, "refused");
    }
    if (backups > 0) {
      assertThat(Servers.pick(balancer).startsWith("t0")) // still
          .isEqualTo(names.contains("unreachable_tier"));
    }
  }

  @Test
  void members_change_warningsDo() {
    LoadBalancer balancer =
        LoadBalancer.builder().servers(servers(4, 0)).panicThreshold(0.7).build();
    List<Warning> before = balancer.warnings();
    assertThat(before).isEmpty();
    balancer.remove("t0-3");
    assertThat(balancer.warnings())
        .extracting(Warning::name)
        .containsExactly("panic_hides_failures");
    assertThat(before).as("a value").isEmpty();
    balancer.add(Servers.named("new"));
    assertThat(balancer.warnings()).isEmpty();
    balancer.update(balancer.nodes().stream().map(node -> node.server().withWeight(0)).toList());
    assertThat(balancer.warnings()).extracting(Warning::name).containsExactly("all_weights_zero");
  }

  @Test
  void eachName_isLoggedOnce_howeverOftenItComesAndGoes() {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    PrintStream err = System.err;
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try {
      LoadBalancer balancer =
          LoadBalancer.builder().servers(servers(1, 0)).panicThreshold(0.9).build();
      BlockOwner ejector = balancer.claim(Block.EJECTED);
      for (int i = 0; i < 5; i++) {
        balancer.add(Servers.named("other"));
        assertThat(balancer.warnings()).hasSize(1);
        balancer.remove("other");
        assertThat(balancer.warnings()).isEmpty();
        ejector.warn("few_servers", "only " + i);
        ejector.withdraw("few_servers");
      }
    } finally {
      System.setErr(err);
    }
    assertThat(log.toString(StandardCharsets.UTF_8))
        .containsOnlyOnce("WARN io.evenkeel.core.LoadBalancer - panic_hides_failures: ")
        .containsOnlyOnce("few_servers: only 0");
  }

  /** A stand-in for a detector of failures, which has a say too. */
  @Test
  void ownerOfABlock_warns_untilItWithdrawsOrIsClosed() {
    LoadBalancer balancer = LoadBalancer.builder().servers(servers(3, 0)).build();
    BlockOwner detector = balancer.claim(Block.EJECTED);
    BlockOwner prober = balancer.claim(Block.PROBE_DOWN);
    Warning few = new Warning("few_servers_for_success_rate", "3 servers, of 5 that it needs");
    detector.warn(few.name(), "4 servers");
    detector.warn(few.name(), few.text());
    prober.warn("slow_probe", "the timeout is longer than the interval");
    assertThat(balancer.warnings()).hasSize(2).startsWith(few);
    balancer.add(Servers.named("new"));
    assertThat(balancer.warnings()).as("a change of members keeps it").contains(few);
    prober.withdraw(few.name());
    assertThat(balancer.warnings()).as("not the prober's").contains(few);
    detector.withdraw(few.name());
    detector.withdraw("unheard of");
    assertThat(balancer.warnings()).extracting(Warning::name).containsExactly("slow_probe");
    prober.close();
    prober.close();
    assertThat(balancer.warnings()).isEmpty();
    assertThatIllegalStateException()
        .isThrownBy(() -> prober.warn("slow_probe", "again"))
        .withMessage("block: PROBE_DOWN: its owner is closed");
    assertThatIllegalStateException().isThrownBy(() -> prober.withdraw("slow_probe"));
    assertThatNullPointerException().isThrownBy(() -> detector.warn("name", null));
    assertThatNullPointerException().isThrownBy(() -> detector.warn(null, "text"));
  }

  private static List<String> names(List<Server> servers, double panicThreshold) {
    return Warnings.find(servers, panicThreshold).stream().map(Warning::name).toList();
  }

  private static List<Server> servers(int n, int tier) {
    return IntStream.range(0, n)
        .mapToObj(i -> Servers.named("t" + tier + "-" + i).withTier(tier))
        .toList();
  }

  private static List<Server> join(List<Server> one, List<Server> other) {
    return Stream.concat(one.stream(), other.stream()).toList();
  }
}
