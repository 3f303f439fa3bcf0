package io.evenkeel.server.admin;

import static io.evenkeel.server.admin.WatchedRig.START;
import static io.evenkeel.server.admin.WatchedRig.STRANGE;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.io.IOException;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HistoryTest {

  private final VirtualTime time = new VirtualTime();
  private final long originNanos = time.nanoTime();
  private final Inventory inventory =
      new Inventory(time, () -> START.plusNanos(time.nanoTime() - originNanos));
  private final History history = new History(inventory);

  private LoadBalancer balancer(String... ids) {
    List<Server> servers = new ArrayList<>();
    for (String id : ids) {
      servers.add(Server.of("10.0.0.1", 80).withId(id));
    }
    return LoadBalancer.builder().servers(servers).clock(time).scheduler(time).seed(1).build();
  }

  private static void use(LoadBalancer balancer, int count) {
    for (int i = 0; i < count; i++) {
      balancer.acquire().close();
    }
  }

  private void sampleAfterASecond() {
    time.advance(ofSeconds(1));
    history.sample();
  }

  @Test
  void rates_areOfTheLastTwoLooks() {
    LoadBalancer balancer = balancer("a", "b");
    use(balancer, 1_000); // before anybody looked
    inventory.put(Inventory.Balancer.of("web", balancer));
    history.sample();
    assertThat(history.rates()).isEqualTo(History.Rates.NONE);

    use(balancer, 10);
    try (var lease = balancer.acquire()) {
      lease.failure(new ConnectException("refused"));
    }
    time.advance(ofMillis(500));
    history.sample();

    assertThat(history.rates().connections()).isEqualTo(22);
    assertThat(history.rates().errors()).isEqualTo(2);
    assertThat(history.rates("web", "a").connections() + history.rates("web", "b").connections())
        .isEqualTo(22);
    assertThat(history.rates("web", "nobody")).isEqualTo(History.Rates.NONE);
    assertThat(history.rates("nobody", "a")).isEqualTo(History.Rates.NONE);

    sampleAfterASecond();
    assertThat(history.rates().connections()).isZero();
  }

  @Test
  void aListenersClients_areItsServersConnections() throws IOException {
    try (WatchedRig rig = new WatchedRig()) {
      History watched = new History(rig.inventory);
      watched.sample();
      rig.clients(8, 500);
      rig.uses(100); // not by the listener: no connections
      rig.pass(ofSeconds(2));
      watched.sample();

      assertThat(watched.rates()).isEqualTo(new History.Rates(4, 2_000, 2_000, 0));
      assertThat(watched.rates("web", STRANGE)).isEqualTo(new History.Rates(3, 1_500, 1_500, 0));
      assertThat(watched.rates("web", "plain")).isEqualTo(new History.Rates(1, 500, 500, 0));
      assertThat(watched.rates("web")).isEqualTo(watched.rates());

      rig.inventory.removeListener("front");
      rig.pass(ofSeconds(1));
      watched.sample();
      assertThat(watched.rates()).isEqualTo(History.Rates.NONE);
      assertThat(watched.rates("web", STRANGE)).isEqualTo(History.Rates.NONE);

      rig.inventory.put(new Inventory.Listener("front", rig.proxy, "web"));
      rig.pass(ofSeconds(1));
      watched.sample();
      assertThat(watched.rates()).as("no jump by what it did before").isEqualTo(History.Rates.NONE);
    }
  }

  @Test
  void eachBalancer_hasRatesOfItsOwn() {
    LoadBalancer busy = balancer("a");
    LoadBalancer idle = balancer("a");
    inventory.put(Inventory.Balancer.of("busy", busy));
    inventory.put(Inventory.Balancer.of("idle", idle));
    history.sample();
    use(busy, 10);
    use(idle, 1);
    sampleAfterASecond();
    assertThat(history.rates("busy")).isEqualTo(new History.Rates(10, 0, 0, 0));
    assertThat(history.rates("idle")).isEqualTo(new History.Rates(1, 0, 0, 0));
    assertThat(history.rates()).isEqualTo(new History.Rates(11, 0, 0, 0));
    assertThat(history.rates("nobody")).isEqualTo(History.Rates.NONE);
    inventory.removeBalancer("busy");
    sampleAfterASecond();
    assertThat(history.rates("busy")).isEqualTo(History.Rates.NONE);
  }

  @Test
  void anotherBalancerOfThatName_isNoJump() {
    LoadBalancer first = balancer("a");
    LoadBalancer second = balancer("a");
    use(first, 10);
    use(second, 10_000);
    inventory.put(Inventory.Balancer.of("web", first));
    history.sample();
    inventory.put(Inventory.Balancer.of("web", second));
    sampleAfterASecond();

    assertThat(history.rates()).isEqualTo(History.Rates.NONE);
    assertThat(history.rates("web", "a")).isEqualTo(History.Rates.NONE);
  }

  @Test
  void spark_hasTenSecondsAPoint_oldestFirst_andTenMinutes() {
    LoadBalancer balancer = balancer("a");
    inventory.put(Inventory.Balancer.of("web", balancer));
    history.sample();
    assertThat(history.spark("web", "a")).hasSize(60).containsOnly(0);
    for (int second = 0; second < 700; second++) {
      use(balancer, 1 + second / 10); // the n-th ten seconds have n each second
      sampleAfterASecond();
    }

    float[] spark = history.spark("web", "a");
    assertThat(spark).hasSize(60);
    for (int i = 0; i < 60; i++) {
      assertThat(spark[i]).isEqualTo(11 + i);
    }
    assertThat(history.spark("web", "nobody")).hasSize(60).containsOnly(0);
  }

  @Test
  void aServerThatLeft_isForgotten_andBeginsAnew() {
    LoadBalancer balancer = balancer("a", "b");
    inventory.put(Inventory.Balancer.of("web", balancer));
    history.sample();
    for (int i = 0; i < 20; i++) {
      use(balancer, 10);
      sampleAfterASecond();
    }
    assertThat(history.spark("web", "b")[59]).isEqualTo(5);

    balancer.remove("b");
    sampleAfterASecond();
    assertThat(history.spark("web", "b")).containsOnly(0);

    balancer.add(Server.of("10.0.0.1", 80).withId("b"));
    use(balancer, 10);
    sampleAfterASecond();
    assertThat(history.rates("web", "b").connections()).as("new since the last look").isEqualTo(5);
  }

  @Test
  void hour_isBounded_andEndsWithTheLastPoint() {
    LoadBalancer balancer = balancer("a");
    inventory.put(Inventory.Balancer.of("web", balancer));
    history.sample();
    assertThat(history.hour().open()).isEmpty();
    for (int point = 0; point < 800; point++) {
      use(balancer, 5 * point);
      var lease = balancer.acquire();
      time.advance(ofSeconds(5));
      history.sample();
      lease.close();
      if (point == 9) {
        assertThat(history.hour().connections()).hasSize(10);
      }
    }

    History.Hour hour = history.hour();
    assertThat(hour.connections()).hasSize(720);
    for (int i = 0; i < 720; i++) {
      assertThat(hour.connections().get(i)).isEqualTo(80 + i + 0.2, within(1e-9));
      assertThat(hour.open().get(i)).isEqualTo(1);
      assertThat(hour.eligible().get(i)).isEqualTo(1);
    }
    assertThat(hour.endUnix()).isEqualTo(START.getEpochSecond() + 4_000);
  }

  @Test
  void aGap_isFilledWithTheMeanOverIt() {
    LoadBalancer balancer = balancer("a");
    inventory.put(Inventory.Balancer.of("web", balancer));
    history.sample();
    use(balancer, 300);
    time.advance(ofSeconds(30)); // as when the process was stopped
    history.sample();

    assertThat(history.hour().connections()).containsExactly(10.0, 10.0, 10.0, 10.0, 10.0, 10.0);
    float[] spark = history.spark("web", "a");
    assertThat(new float[] {spark[56], spark[57], spark[58], spark[59]})
        .containsExactly(0, 10, 10, 10);

    time.advance(ofSeconds(1_000_000));
    history.sample();
    assertThat(history.hour().connections()).hasSize(720).containsOnly(0.0);
  }

  /** Whatever comes and goes: nothing is negative, and nothing is shown that did not happen. */
  @Property(tries = 50, seed = "8")
  void neverNegative_neverMoreThanThereWas(@ForAll @IntRange(min = 1, max = 1_000_000) int seed) {
    new HistoryTest().comesAndGoes(new Random(seed)); // tries share an instance
  }

  private void comesAndGoes(Random random) {
    LoadBalancer balancer = balancer("a", "b", "c");
    inventory.put(Inventory.Balancer.of("web", balancer));
    history.sample();
    Set<String> members = new HashSet<>(Set.of("a", "b", "c"));
    long uses = 0;
    for (int second = 0; second < 120; second++) {
      String id = "" + (char) ('a' + random.nextInt(6));
      if (random.nextInt(4) == 0) {
        if (members.contains(id) && members.size() > 1) {
          balancer.remove(id);
          members.remove(id);
        } else if (members.add(id)) {
          balancer.add(Server.of("10.0.0.1", 80).withId(id));
        }
      }
      boolean restarts = members.contains(id) && members.size() > 1 && random.nextInt(4) == 0;
      if (restarts) { // between two looks, so that its counter is suddenly lower
        balancer.remove(id);
        balancer.add(Server.of("10.0.0.1", 80).withId(id));
      }
      int now = random.nextInt(20);
      use(balancer, now);
      uses += now;
      sampleAfterASecond();
      assertThat(history.rates().connections()).isEqualTo(now);
      double sum = 0;
      for (String member : members) {
        double rate = history.rates("web", member).connections();
        assertThat(rate).isNotNegative();
        sum += rate;
      }
      if (restarts) {
        assertThat(sum).isLessThanOrEqualTo(now);
      } else {
        assertThat(sum).isEqualTo(now);
      }
    }
    double shown = 0;
    for (double rate : history.hour().connections()) {
      shown += rate * History.HOUR_STEP_SECONDS;
    }
    assertThat(shown).isEqualTo((double) uses, within(1e-6));
    for (String member : members) {
      for (float point : history.spark("web", member)) {
        assertThat(point).isNotNegative();
      }
    }
  }

  @Test
  void close_endsTheThread() throws Exception {
    inventory.put(Inventory.Balancer.of("web", balancer("a")));
    history.start();
    Thread thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(one -> one.getName().equals("evenkeel-history"))
            .findFirst()
            .orElseThrow();
    assertThat(thread.isDaemon()).isTrue();
    history.close();
    history.close();

    thread.join(TimeUnit.MINUTES.toMillis(1));
    assertThat(thread.isAlive()).isFalse();
  }
}
