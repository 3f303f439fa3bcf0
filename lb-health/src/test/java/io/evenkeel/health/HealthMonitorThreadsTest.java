package io.evenkeel.health;

import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;

/** The monitor on a scheduler of several threads, while others change the balancer. */
class HealthMonitorThreadsTest {

  private static final HealthPolicy FAST =
      HealthPolicy.builder()
          .interval(ofMillis(10))
          .healthyThreshold(1)
          .unhealthyThreshold(1)
          .build();

  @Test
  void membersComeAndGo_fromTheStart_exactlyTheMembersAreChecked() throws Exception {
    ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(3);
    Map<String, Integer> checks = new ConcurrentHashMap<>();
    Probe probe =
        (server, context) -> {
          checks.merge(server.id(), 1, Integer::sum);
          boolean even = server.port() % 2 == 0;
          // On another thread than the one that asked, half of the time.
          return even
              ? CompletableFuture.completedFuture(ProbeResult.success())
              : CompletableFuture.supplyAsync(() -> ProbeResult.failure("odd"), scheduler);
        };
    LoadBalancer balancer = LoadBalancer.builder().servers(server(0), server(1)).build();
    List<Thread> changers = new ArrayList<>();
    for (int thread = 0; thread < 2; thread++) {
      int seed = thread;
      changers.add(new Thread(() -> addAndRemove(balancer, seed)));
    }
    changers.forEach(Thread::start);

    try (HealthMonitor monitor =
        HealthMonitor.builder(balancer).probe(probe).policy(FAST).scheduler(scheduler).start()) {
      for (Thread changer : changers) {
        changer.join();
      }
      awaitThreeMoreChecksOfEachMember(balancer, checks);
      Map<String, Integer> before = Map.copyOf(checks);
      awaitThreeMoreChecksOfEachMember(balancer, checks);

      Map<String, Integer> others = new HashMap<>(checks);
      balancer.nodes().forEach(node -> others.remove(node.server().id()));
      assertThat(others).isNotEmpty();
      assertThat(before).containsAllEntriesOf(others);
      Await.until(
          "the even are up and the odd are down",
          () ->
              balancer.nodes().stream()
                  .allMatch(node -> node.isEligible() == (node.server().port() % 2 == 0)));
    } finally {
      scheduler.shutdownNow();
    }
    assertThat(balancer.eligibleCount()).isEqualTo(balancer.nodes().size());
  }

  /** Each thread has ids of its own, and leaves some of them in. */
  private static void addAndRemove(LoadBalancer balancer, int seed) {
    Random random = new Random(seed);
    boolean[] isMember = new boolean[20];
    for (int i = 0; i < 3_000; i++) {
      int index = random.nextInt(isMember.length);
      Server server = server(100 + seed * 100 + index);
      if (isMember[index]) {
        balancer.remove(server.id());
      } else {
        balancer.add(server);
      }
      isMember[index] = !isMember[index];
    }
  }

  private static void awaitThreeMoreChecksOfEachMember(
      LoadBalancer balancer, Map<String, Integer> checks) {
    Map<String, Integer> before = Map.copyOf(checks);
    Await.until(
        "three more checks of each",
        () ->
            balancer.nodes().stream()
                .map(node -> node.server().id())
                .allMatch(id -> checks.getOrDefault(id, 0) >= before.getOrDefault(id, 0) + 3));
  }

  private static Server server(int port) {
    return Server.of("10.0.0.1", port);
  }
}
