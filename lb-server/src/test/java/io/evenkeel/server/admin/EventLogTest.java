package io.evenkeel.server.admin;

import static io.evenkeel.server.admin.WatchedRig.START;
import static io.evenkeel.server.admin.WatchedRig.STRANGE;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import io.evenkeel.proxy.PauseReason;
import io.evenkeel.proxy.ProxyEvent;
import io.evenkeel.server.admin.EventLog.Entry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EventLogTest {

  private static final Duration LONG = Duration.ofMinutes(5);

  private final VirtualTime time = new VirtualTime();
  private final Inventory inventory = new Inventory(time, InstantSource.fixed(START));
  private final EventLog events = inventory.events();

  private static LoadBalancer balancer(String... ids) {
    List<Server> servers = new ArrayList<>();
    for (String id : ids) {
      servers.add(Server.of("10.0.0.1", 80).withId(id));
    }
    return LoadBalancer.builder().servers(servers).build();
  }

  private List<String> texts() {
    return events.after(0).stream().map(Entry::text).toList();
  }

  private List<String> whats() {
    return events.after(0).stream().map(Entry::what).toList();
  }

  @Test
  void whatHappensToServers_isSaidInSentences() {
    LoadBalancer balancer = balancer("a", "b");
    inventory.put(Inventory.Balancer.of("web", balancer));

    balancer.add(Server.of("10.0.0.3", 80));
    balancer.drain("a");
    balancer.resume("a");
    balancer.maintain("b");
    balancer.resume("b");
    balancer.update(Server.of("10.0.0.1", 81).withId("a").withWeight(3));
    balancer.remove("a");

    assertThat(whats())
        .containsExactly(
            "added", "blocked", "unblocked", "blocked", "unblocked", "updated", "removed");
    assertThat(texts().get(0)).isEqualTo("server 10.0.0.3:80 was added, weight 1");
    assertThat(texts().get(1)).startsWith("server a (10.0.0.1:80) drains: ");
    assertThat(texts().get(2)).startsWith("server a (10.0.0.1:80) drains no more: ");
    assertThat(texts().get(3)).startsWith("server b (10.0.0.1:80) is in maintenance: ");
    assertThat(texts().get(4)).startsWith("server b (10.0.0.1:80) is out of maintenance: ");
    assertThat(texts().get(5))
        .isEqualTo(
            "server a (10.0.0.1:81) was changed: address 10.0.0.1:80 to 10.0.0.1:81, weight 1 to"
                + " 3");
    assertThat(texts().get(6)).isEqualTo("server a (10.0.0.1:81) was removed");
  }

  @Test
  void aServerThatFailsItsChecks_isDown_andUpAgain() throws Exception {
    try (WatchedRig rig = new WatchedRig()) {
      rig.pass(ofSeconds(10));
      rig.sick.add(STRANGE);
      rig.pass(ofSeconds(20));
      rig.sick.clear();
      rig.pass(ofMinutes(2));

      List<Entry> entries =
          rig.inventory.events().after(0).stream()
              .filter(entry -> entry.type() == EventLog.Type.SERVER)
              .toList();
      assertThat(entries).extracting(Entry::what).containsExactly("blocked", "unblocked");
      assertThat(entries.get(0).text())
          .startsWith("server " + STRANGE + " (127.0.0.1:")
          .contains(" is down: ")
          .contains("connection refused");
      assertThat(entries.get(1).text()).contains(" is up again: ");
      assertThat(entries.get(0).server()).isEqualTo(STRANGE);
      assertThat(entries.get(0).time()).isBetween(START.plusSeconds(10), START.plusSeconds(30));
    }
  }

  @Test
  void whatListenersSay_isWrittenDown_andHowTheyStandIsKnown() {
    var front = events.listener("front");
    assertThat(events.listenerState("front").status()).isEqualTo("listening");

    front.accept(new ProxyEvent.Listening(new InetSocketAddress("127.0.0.1", 9000)));
    front.accept(new ProxyEvent.AcceptingPaused(PauseReason.MAX_CONNECTIONS));
    front.accept(new ProxyEvent.AcceptingPaused(PauseReason.NO_DESCRIPTOR));
    assertThat(events.listenerState("front").paused())
        .containsExactlyInAnyOrder(PauseReason.MAX_CONNECTIONS, PauseReason.NO_DESCRIPTOR);
    front.accept(new ProxyEvent.AcceptingResumed(PauseReason.MAX_CONNECTIONS));
    assertThat(events.listenerState("front").paused()).containsExactly(PauseReason.NO_DESCRIPTOR);
    front.accept(new ProxyEvent.Draining());
    assertThat(events.listenerState("front").status()).isEqualTo("draining");
    front.accept(new ProxyEvent.Stopped(3));
    assertThat(events.listenerState("front").status()).isEqualTo("stopped");

    assertThat(whats())
        .containsExactly("listening", "paused", "paused", "resumed", "draining", "stopped");
    assertThat(texts())
        .startsWith("listener front listens on 127.0.0.1:9000")
        .contains("listener front takes nobody in: as many clients are connected as may be")
        .endsWith("listener front has stopped; connections cut: 3");

    inventory.removeListener("front");
    assertThat(events.listenerState("front").status()).isEqualTo("listening");
  }

  @Test
  void aRealProxy_saysThatItListensAndStops() throws Exception {
    WatchedRig rig = new WatchedRig();
    rig.close();

    assertThat(rig.inventory.events().listenerState("front").status()).isEqualTo("stopped");
    assertThat(rig.inventory.events().after(0))
        .extracting(Entry::what)
        .contains("listening", "draining", "stopped");
  }

  @Test
  void changesAndReloads_sayWho_andReloadsAreCounted() {
    events.change("ops, 10.1.2.3", "server a: weight 5");
    events.reload("SIGHUP", true, "balancer web: 1 server added");
    events.reload("SIGHUP", false, "line 3: no such key");

    assertThat(texts())
        .containsExactly(
            "server a: weight 5",
            "reloaded: balancer web: 1 server added",
            "reload failed: line 3: no such key");
    assertThat(events.reloads()).isEqualTo(new EventLog.Reloads(1, 1, true, START));
  }

  @Test
  void json_hasTheFieldsOfItsType_andAStreamOneLineOfIt() throws Exception {
    LoadBalancer balancer = balancer("a");
    inventory.put(Inventory.Balancer.of("web\n", balancer));
    balancer.drain("a");
    events.listener("front").accept(new ProxyEvent.Draining());
    events.change("ops", "two\nlines");

    List<Entry> entries = events.after(0);
    String text = entries.get(0).serverSentEvent();
    long seq = entries.get(0).seq();
    assertThat(text).startsWith("event: server\nid: " + seq + "\ndata: {").endsWith("}\n\n");
    assertThat(text.lines()).hasSize(4);
    JsonNode json = new ObjectMapper().readTree(text.lines().toList().get(2).substring(6));
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly("seq", "time", "type", "balancer", "what", "server", "text");
    assertThat(json.get("balancer").asText()).isEqualTo("web\n");
    assertThat(json.get("time").asText()).isEqualTo("2026-01-02T03:04:05Z");
    assertThat(entries.get(1).json().fieldNames())
        .toIterable()
        .containsExactly("seq", "time", "type", "listener", "what", "text");
    assertThat(entries.get(2).json().fieldNames())
        .toIterable()
        .containsExactly("seq", "time", "type", "who", "text");
    assertThat(entries.get(2).serverSentEvent().lines()).hasSize(4);
  }

  @Test
  void whoComesBack_getsWhatCameMeanwhile_andAtMostTheLastThousand() {
    events.change("ops", "0");
    long seen = events.lastSeq();
    assertThat(events.after(seen)).isEmpty();
    for (int i = 1; i <= 1_500; i++) {
      events.change("ops", "" + i);
      if (i == 1 || i == 999 || i == 1_000) {
        assertThat(events.after(seen)).hasSize(i).first().extracting(Entry::text).isEqualTo("1");
      }
    }

    List<Entry> rest = events.after(seen);
    assertThat(rest).hasSize(EventLog.REMEMBERED);
    for (int i = 0; i < rest.size(); i++) {
      assertThat(rest.get(i).text()).isEqualTo("" + (501 + i));
      assertThat(rest.get(i).seq()).isEqualTo(seen + 501 + i);
    }
    assertThat(events.after(0)).isEqualTo(rest);
    assertThat(events.after(seen + 1_498)).extracting(Entry::text).containsExactly("1499", "1500");
    assertThat(events.after(-5)).isEqualTo(rest);
    assertThat(events.after(Long.MAX_VALUE)).as("of another process").isEqualTo(rest);
  }

  @Test
  void theNextProcess_goesOnWithLargerNumbers() {
    for (int i = 0; i < 10; i++) {
      events.change("ops", "" + i);
    }
    EventLog next = new EventLog(time, InstantSource.fixed(START.plusSeconds(1)));
    next.change("ops", "anew");

    assertThat(next.after(events.lastSeq())).extracting(Entry::text).containsExactly("anew");
  }

  @Test
  void aBalancerThatLeaves_isListenedToNoMore() {
    LoadBalancer first = balancer("a", "b");
    LoadBalancer second = balancer("a", "b");
    inventory.put(Inventory.Balancer.of("web", first));
    inventory.put(Inventory.Balancer.of("web", first));
    first.drain("a");
    assertThat(texts()).as("once, though it was put twice").hasSize(1);

    inventory.put(Inventory.Balancer.of("web", second));
    first.drain("b");
    assertThat(texts()).hasSize(1);
    second.drain("b");
    assertThat(texts()).hasSize(2);

    inventory.removeBalancer("web");
    second.drain("a");
    assertThat(texts()).hasSize(2);
  }

  @Test
  void whenAServerLastChanged_isKnown_asLongAsItIsAMember() {
    LoadBalancer balancer = balancer("a", "b");
    inventory.put(Inventory.Balancer.of("web", balancer));
    assertThat(events.changedNanos("web", "a")).isNull();

    balancer.drain("a");
    inventory.put(Inventory.Balancer.of("web", balancer)); // as when it gets another monitor
    assertThat(events.changedNanos("web", "a")).isEqualTo(time.nanoTime());

    balancer.remove("a");
    assertThat(events.changedNanos("web", "a")).isNull();
    assertThat(events.changedNanos("nobody", "a")).isNull();
  }

  @Test
  void whoWaits_isWoken() throws Exception {
    long seen = events.lastSeq();
    CountDownLatch begun = new CountDownLatch(1);
    ExecutorService reader = Executors.newSingleThreadExecutor();
    try {
      Future<List<Entry>> entries =
          reader.submit(
              () -> {
                begun.countDown();
                return events.await(seen, LONG);
              });
      begun.await();
      events.change("ops", "hello");
      assertThat(entries.get(1, TimeUnit.MINUTES)).extracting(Entry::text).containsExactly("hello");
    } finally {
      reader.shutdownNow();
    }
    assertThat(events.await(seen, LONG)).as("at once").hasSize(1);
    assertThat(events.await(events.lastSeq(), Duration.ZERO)).isEmpty();
  }

  /** Writers never wait: with readers that take their time, all is there, in order and once. */
  @Test
  void manyWritersAndReaders_everyReaderSeesAllInOrder() throws Exception {
    int writers = 4;
    int each = 200; // fewer than are remembered in all, so that nobody may miss one
    long start = events.lastSeq();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<List<Entry>>> readers = new ArrayList<>();
      for (int r = 0; r < 4; r++) {
        readers.add(
            threads.submit(
                () -> {
                  List<Entry> seen = new ArrayList<>();
                  long last = start;
                  while (seen.size() < writers * each) {
                    for (Entry entry : events.await(last, LONG)) {
                      assertThat(entry.seq()).isEqualTo(last + 1);
                      last = entry.seq();
                      seen.add(entry);
                    }
                  }
                  return seen;
                }));
      }
      List<Future<?>> writing = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        String who = "w" + w;
        writing.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    events.change(who, "" + i);
                  }
                }));
      }
      for (Future<?> writer : writing) {
        writer.get(1, TimeUnit.MINUTES);
      }
      List<Entry> expected = events.after(start);
      for (Future<List<Entry>> reader : readers) {
        assertThat(reader.get(1, TimeUnit.MINUTES)).isEqualTo(expected);
      }
      for (int w = 0; w < writers; w++) {
        String who = "w" + w;
        assertThat(expected.stream().filter(entry -> entry.subject().equals(who)))
            .extracting(Entry::text)
            .containsExactlyElementsOf(IntStream.range(0, each).mapToObj(i -> "" + i).toList());
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
