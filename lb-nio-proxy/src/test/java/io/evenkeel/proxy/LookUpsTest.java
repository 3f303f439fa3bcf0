package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which look-up is done when, and that each one ends; and what is known of servers by them. */
@Timeout(60)
class LookUpsTest {

  private static final InetAddress[] ADDRESSES = {InetAddress.getLoopbackAddress()};

  /** Hosts whose look-up has begun, in that order. */
  private final BlockingQueue<String> begun = new LinkedBlockingQueue<>();

  private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();
  private final Map<String, CountDownLatch> answers = new ConcurrentHashMap<>();
  private final LookUps lookUps = new LookUps(LookUpsTest::daemon, this::lookUp, this::ended);

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    return thread;
  }

  private CountDownLatch answer(String host) {
    return answers.computeIfAbsent(host, any -> new CountDownLatch(1));
  }

  private InetAddress[] lookUp(String host) throws UnknownHostException {
    begun.add(host);
    try {
      answer(host).await();
    } catch (InterruptedException e) {
      throw new UnknownHostException(host);
    }
    return ADDRESSES;
  }

  private void ended(String host, InetAddress[] found) {
    ended.add(host + " " + found.length);
  }

  private static String next(BlockingQueue<String> queue) throws InterruptedException {
    String next = queue.poll(30, TimeUnit.SECONDS);
    return next == null ? "nothing in time" : next;
  }

  @AfterEach
  void close() {
    lookUps.close();
  }

  @Test
  void firstLookUps_areAsManyAtATimeAsThereMayBe_andOneForEachHost() throws Exception {
    for (int i = 0; i <= LookUps.FIRST_THREADS; i++) {
      lookUps.begin("host" + i, true);
      lookUps.begin("host" + i, true);
      lookUps.begin("host" + i, false);
    }
    for (int i = 0; i < LookUps.FIRST_THREADS; i++) {
      String unused = next(begun);
    }
    answer("host0").countDown();
    assertThat(next(ended)).isEqualTo("host0 1");
    assertThat(next(begun)).isEqualTo("host" + LookUps.FIRST_THREADS);
    assertThat(begun).isEmpty();
    lookUps.begin("host0", true); // it has ended, so this is another one
    answer("host1").countDown();
    assertThat(next(ended)).isIn("host1 1", "host0 1");
    assertThat(next(begun)).isEqualTo("host0");
  }

  @Test
  void suspects_takeTheirTurns_andHoldUpNoFirstLookUp() throws Exception {
    lookUps.begin("dead1", false);
    lookUps.begin("dead2", false);
    lookUps.begin("dead3", false);
    assertThat(next(begun)).isEqualTo("dead1");
    lookUps.begin("new", true);
    assertThat(next(begun)).isEqualTo("new");
    lookUps.begin("dead3", true); // a new server of that host: it need not wait any longer
    assertThat(next(begun)).isEqualTo("dead3");
    answer("dead3").countDown();
    assertThat(next(ended)).isEqualTo("dead3 1");
    answer("dead1").countDown();
    assertThat(next(ended)).isEqualTo("dead1 1");
    assertThat(next(begun)).isEqualTo("dead2");
    answer("dead2").countDown();
    assertThat(next(ended)).isEqualTo("dead2 1");
    assertThat(begun).as("dead3 is not looked up twice").isEmpty();
  }

  @Test
  void resolverThatFailsInWhateverWay_findsNothing() throws Exception {
    for (Throwable failure : List.of(new OutOfMemoryError("a test"), new IllegalStateException())) {
      try (LookUps failing =
          new LookUps(
              LookUpsTest::daemon,
              host -> {
                if (failure instanceof Error error) {
                  throw error;
                }
                throw (RuntimeException) failure;
              },
              this::ended)) {
        failing.begin("a", true);
        assertThat(next(ended)).isEqualTo("a 0");
      }
    }
    try (LookUps failing = new LookUps(LookUpsTest::daemon, host -> null, this::ended)) {
      failing.begin("a", true);
      assertThat(next(ended)).isEqualTo("a 0");
    }
  }

  @Test
  void noMemoryForAThread_theLookUpEnds_andTheNextOneIsTriedAnew() throws Exception {
    AtomicInteger made = new AtomicInteger();
    try (LookUps failing =
        new LookUps(
            task -> {
              if (made.incrementAndGet() == 1) {
                throw new OutOfMemoryError("unable to create native thread (a test)");
              }
              return daemon(task);
            },
            this::lookUp,
            this::ended)) {
      answer("a").countDown();
      failing.begin("a", true);
      assertThat(next(ended)).isEqualTo("a 0");
      failing.begin("a", true);
      assertThat(next(ended)).isEqualTo("a 1");
    }
  }

  @Test
  void closed_lookUpsEndAtOnce() throws Exception {
    lookUps.close();
    lookUps.begin("a", true);
    assertThat(next(ended)).isEqualTo("a 0");
  }

  @Test
  void literal_isNeverAwaited() {
    Server literal = Server.of("127.0.0.1", 1);
    Server six = Server.of("::1", 1);
    LoadBalancer balancer = LoadBalancer.builder().servers(literal).build();
    try (ServerAddresses addresses =
        new ServerAddresses("resolver", InetAddress::getAllByName, () -> {})) {
      assertThat(addresses.isAwaited(balancer.nodes().get(0))).as("before any event").isFalse();
      balancer.addListener(addresses);
      balancer.add(six);
      assertThat(balancer.nodes()).noneMatch(addresses::isAwaited);
      assertThat(addresses.isAnyAwaited()).isFalse();
    }
  }

  /** An event may be late: a pick may know of a server first, and of its end last. */
  @Test
  void memberOfWhichNoEventTold_isAwaited_thenKnown_andForgottenWhenItHasLeft() {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Server.of("name.example", 1), Server.of("127.0.0.1", 1))
            .build();
    Node named = balancer.nodes().get(0);
    try (ServerAddresses addresses =
        new ServerAddresses("resolver", this::lookUp, () -> ended.add("told"))) {
      assertThat(addresses.find(named)).isNull();
      assertThat(addresses.isAnyAwaited()).isTrue();
      answer("name.example").countDown();
      ProxyFixture.await("it is known", () -> !addresses.isAwaited(named));
      assertThat(addresses.find(named)).extracting(a -> a.getPort()).containsExactly(1);
    }
    begun.clear();
    try (ServerAddresses addresses = new ServerAddresses("resolver", this::lookUp, () -> {})) {
      balancer.remove(named.server().id());
      assertThat(addresses.find(named)).isNull();
      assertThat(addresses.isAnyAwaited()).isFalse();
      assertThat(begun).as("nobody needs it").isEmpty();
    }
  }

  /** Servers come, go and change their hosts while names are looked up. */
  @Test
  void whateverChanges_inTheEndNobodyIsAwaited() throws Exception {
    Random random = new Random(7);
    for (int round = 0; round < 40; round++) {
      LoadBalancer balancer = LoadBalancer.builder().servers(Server.of("127.0.0.1", 1)).build();
      AtomicInteger told = new AtomicInteger();
      try (ServerAddresses addresses =
          new ServerAddresses(
              "resolver",
              host -> {
                if (host.equals("name0.example")) {
                  throw new UnknownHostException(host);
                }
                return ADDRESSES;
              },
              told::incrementAndGet)) {
        balancer.addListener(addresses);
        for (int i = 0; i < 100; i++) {
          String id = "id" + random.nextInt(6);
          int host = random.nextInt(7);
          Server server =
              Server.of(host == 6 ? "127.0.0.1" : "name" + host + ".example", 1 + random.nextInt(2))
                  .withId(id);
          boolean isMember =
              balancer.nodes().stream().anyMatch(node -> node.server().id().equals(id));
          if (!isMember) {
            balancer.add(server);
          } else if (random.nextInt(3) == 0) {
            assertThat(balancer.remove(id)).isTrue();
          } else {
            balancer.update(server);
          }
          if (random.nextBoolean()) {
            balancer.nodes().forEach(addresses::find);
          }
        }
        ProxyFixture.await("all is looked up", () -> !addresses.isAnyAwaited());
        assertThat(balancer.nodes()).noneMatch(addresses::isAwaited);
        assertThat(told.get()).isPositive();
      }
    }
  }
}
