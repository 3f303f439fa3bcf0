package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collection;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tier 0 first; a backup serves while no server of a lower tier is eligible or left to try. */
class TierFallbackTest {

  static Collection<String> names() {
    return Selectors.names();
  }

  private static LoadBalancer balancer(String name) {
    return LoadBalancer.builder()
        .servers(
            Servers.named("backup2").withTier(7),
            Servers.named("a"),
            Servers.named("backup").withTier(1),
            Servers.named("b"))
        .selector(Selectors.named(name))
        .seed(5)
        .build();
  }

  @ParameterizedTest
  @MethodSource("names")
  void lowestTierWithAnEligibleServer_serves(String name) {
    LoadBalancer balancer = balancer(name);
    assertThat(Servers.picks(balancer, 20)).containsOnly("a", "b");
    balancer.drain("a");
    assertThat(Servers.picks(balancer, 20)).containsOnly("b");
    balancer.drain("b");
    assertThat(Servers.picks(balancer, 20)).containsOnly("backup");
    balancer.remove("backup");
    assertThat(Servers.picks(balancer, 20)).containsOnly("backup2");
    balancer.resume("b");
    assertThat(Servers.picks(balancer, 20)).containsOnly("b");
  }

  @ParameterizedTest
  @MethodSource("names")
  void retry_withTheFirstTierTried_reachesTheBackups(String name) {
    LoadBalancer balancer = balancer(name);
    Query query =
        Query.any().excluding(Servers.node(balancer, "a")).excluding(Servers.node(balancer, "b"));
    assertThat(Servers.pick(balancer, query)).isEqualTo("backup");
    Query further = query.excluding(Servers.node(balancer, "backup"));
    assertThat(Servers.pick(balancer, further)).isEqualTo("backup2");
    assertThatThrownBy(() -> balancer.acquire(further.excluding(Servers.node(balancer, "backup2"))))
        .isInstanceOf(NoServerAvailableException.class)
        .hasMessageContaining("a already tried");
  }
}
