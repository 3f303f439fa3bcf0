package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A key gets the server it got before, while that may be picked and the entry lives. */
class StickyTest {

  private final VirtualTime time = new VirtualTime();
  private StickySelector sticky;

  private LoadBalancer balancer(int n, Duration ttl, int maxEntries) {
    Selector.Factory factory = Selectors.roundRobin().sticky(ttl, maxEntries);
    return LoadBalancer.builder()
        .servers(Servers.numbered(n))
        .clock(time)
        .seed(1)
        .selector(
            (candidates, previous) ->
                sticky = (StickySelector) factory.create(candidates, previous))
        .build();
  }

  private final LoadBalancer balancer = balancer(4, Duration.ofMinutes(10), 1_000);

  private String pick(long key) {
    return Servers.pick(balancer, Query.forHash(key));
  }

  @Test
  void key_keepsItsServer_whileItIsUsedWithinTheTimeToLive() {
    String first = pick(7);
    for (int i = 0; i < 20; i++) { // longer than the time to live in all
      time.advance(Duration.ofMinutes(9));
      assertThat(pick(7)).isEqualTo(first);
      assertThat(balancer.explain(Query.forHash(7)).next().id()).isEqualTo(first);
    }
    time.advance(Duration.ofMinutes(10));
    assertThat(pick(7)).isNotEqualTo(first); // the next in rotation
  }

  /** A look is no use of it. */
  @Test
  void explain_doesNotProlongAnEntry() {
    String first = pick(7);
    time.advance(Duration.ofMinutes(9));
    assertThat(balancer.explain(Query.forHash(7)).next().id()).isEqualTo(first);
    time.advance(Duration.ofMinutes(2));
    assertThat(pick(7)).isNotEqualTo(first);
  }

  @Test
  void blockedServer_itsKeysPickAnew_andStayThere() {
    String first = pick(7);
    balancer.drain(first);
    String second = pick(7);
    assertThat(second).isNotEqualTo(first);
    balancer.resume(first);
    assertThat(pick(7)).isEqualTo(second);
    assertThat(pick(7)).isEqualTo(second);
  }

  @Test
  void retry_getsAnother_andTheMemoryStays() {
    String first = pick(7);
    Query retry = Query.forHash(7).excluding(Servers.node(balancer, first));
    assertThat(Servers.pick(balancer, retry)).isNotEqualTo(first);
    assertThat(pick(7)).isEqualTo(first);
  }

  @Test
  void withoutAKey_nothingIsRemembered() {
    assertThat(Servers.counts(Servers.picks(balancer, 8)).values()).containsOnly(2);
    assertThat(sticky.remembered()).isEmpty();
  }

  @Test
  void removedServer_itsEntriesAreDroppedWithIt_othersStay() {
    String one = pick(1);
    String two = pick(2);
    Node gone = Servers.node(balancer, one);
    assertThat(sticky.remembered()).contains(gone).hasSize(2);
    balancer.remove(one);
    assertThat(sticky.remembered()).containsExactly(Servers.node(balancer, two));
    assertThat(pick(2)).isEqualTo(two);
    balancer.add(Servers.named(one));
    assertThat(sticky.remembered()).doesNotContain(gone);
  }

  @Test
  void table_staysWithinItsBound() {
    LoadBalancer small = balancer(200, Duration.ofMinutes(10), 100);
    for (long key = 0; key < 10_000; key++) {
      String unused = Servers.pick(small, Query.forHash(Mix.mix64(key)));
    }
    assertThat(sticky.remembered()).hasSizeBetween(1, 100);
  }

  /** Threads that meet in a new key, or in one whose server is gone, end on one server. */
  @Test
  void manyThreadsWithTheSameKeys_getTheSameServers() throws Exception {
    LoadBalancer many = balancer(50, Duration.ofHours(1), 200_000);
    assertThat(picksOfThreads(many)).contains("s7", "s8");
    many.drain("s7");
    assertThat(picksOfThreads(many)).doesNotContain("s7").contains("s8");
  }

  private static List<String> picksOfThreads(LoadBalancer balancer) throws Exception {
    int keys = 20_000;
    String[][] got = new String[4][keys];
    Threads.run(
        got.length,
        index -> {
          for (int key = 0; key < keys; key++) {
            got[index][key] = Servers.pick(balancer, Query.forHash(key));
          }
        });
    for (String[] picks : got) {
      assertThat(picks).isEqualTo(got[0]);
    }
    return List.of(got[0]);
  }

  /** Under changes a pick is never of a server that its snapshot did not allow. */
  @Test
  void manyThreads_underChanges_theKeyEndsOnOneServerThatIsThere() throws Exception {
    long seed = Threads.seed();
    LoadBalancer many = balancer(5, Duration.ofHours(1), 1_000);
    Threads.run(
        4,
        index -> {
          Random random = new Random(seed + index);
          for (int i = 0; i < 5_000; i++) {
            String id = "s" + random.nextInt(4); // the fifth is always there
            if (index > 0) {
              many.acquire(random.nextInt(10)).close();
            } else if (many.nodes().stream().noneMatch(n -> n.server().id().equals(id))) {
              many.add(Servers.named(id));
            } else if (random.nextBoolean()) {
              boolean unused = many.drain(id) || many.resume(id);
            } else {
              many.remove(id);
            }
          }
        });
    for (long key = 0; key < 10; key++) {
      Set<String> servers = new HashSet<>();
      for (int i = 0; i < 5; i++) {
        servers.add(Servers.pick(many, Query.forHash(key)));
      }
      assertThat(servers).as("seed %d", seed).hasSize(1);
    }
    assertThat(many.nodes()).as("seed %d", seed).containsAll(List.copyOf(sticky.remembered()));
  }

  /** What its Javadoc says: the boxed hash, and little else. */
  @Test
  void rememberedKeys_allocateNoMoreThanIsSaid() {
    Query[] queries =
        IntStream.range(0, 64).mapToObj(i -> Query.forHash(Mix.mix64(i))).toArray(Query[]::new);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) {
      long before = threads.getThreadAllocatedBytes(thread);
      for (int i = 0; i < 10_000; i++) {
        Node unused = sticky.select(queries[i & 63]);
      }
      least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
    }
    assertThat(least / 10_000.0).isLessThanOrEqualTo(25);
  }

  @Test
  void numbersOutOfRange_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().sticky(Duration.ZERO, 1))
        .withMessage("ttl: PT0S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().sticky(Duration.ofSeconds(-1), 1))
        .withMessage("ttl: PT-1S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.random().sticky(Duration.ofSeconds(1), 0))
        .withMessage("maxEntries: 0 (expected: >= 1)");
  }
}
