package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where many short connections go: in exact shares, and past a server that is killed. */
@Timeout(120)
class BalanceTest extends ProxyFixture {

  private static final int CLIENTS = 8;

  @Test
  void fiveThousandConnections_areSharedOutExactly() throws Exception {
    Backend a = closeLater(Backend.named(0));
    Backend b = closeLater(Backend.named(0));
    Backend c = closeLater(Backend.named(0));
    start(builder -> builder.eventLoops(2), a.server(), b.server(), c.server());

    Map<Integer, Integer> answers = ask(5000);

    assertThat(answers).containsOnlyKeys(a.port(), b.port(), c.port());
    assertThat(answers.values()).allMatch(count -> count == 1666 || count == 1667);
    assertQuiet();
  }

  @Test
  void serverKilledAndBack_noClientIsLost() throws Exception {
    Backend a = closeLater(Backend.named(0));
    Backend b = closeLater(Backend.named(0));
    Backend killed = Backend.named(0);
    int port = killed.port();
    start(builder -> builder.eventLoops(2), a.server(), b.server(), killed.server());

    assertThat(ask(1500)).containsEntry(port, 500);

    killed.close(); // nobody is on their way to it: whoever comes from now on finds it dead
    Map<Integer, Integer> without = ask(1500);
    assertThat(without).containsOnlyKeys(a.port(), b.port());
    assertThat(without.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(1500);

    try (BlockOwner prober = balancer.claim(Block.PROBE_DOWN)) {
      prober.set(killed.server().id(), "a test");
      assertThat(ask(500)).containsOnly(Map.entry(a.port(), 250), Map.entry(b.port(), 250));

      closeLater(Backend.named(port));
      prober.clear(killed.server().id(), "a test");
      assertThat(ask(1500))
          .containsOnly(Map.entry(a.port(), 500), Map.entry(b.port(), 500), Map.entry(port, 500));
    }
    assertQuiet();
  }

  @Test
  void serverKilledUnderLoad_onlyItsOwnClientsMayBeLost() throws Exception {
    Backend a = closeLater(Backend.named(0));
    Backend b = closeLater(Backend.named(0));
    Backend killed = Backend.named(0);
    start(builder -> builder.eventLoops(2), a.server(), b.server(), killed.server());

    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<Integer>> lost = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        lost.add(
            threads.submit(
                () -> {
                  int count = 0;
                  for (int j = 0; j < 500; j++) {
                    count += answer() < 0 ? 1 : 0;
                  }
                  return count;
                }));
      }
      await("some are served by it", () -> killed.accepted.get() > 300);
      killed.close();
      socketsBefore--; // its listener
      int lostInAll = 0;
      for (Future<Integer> count : lost) {
        lostInAll += count.get();
      }
      // Each client thread has one connection at a time: at most that many were with it.
      assertThat(lostInAll).isLessThanOrEqualTo(CLIENTS);
    } finally {
      threads.shutdownNow();
    }
    assertThat(proxy.refusedClients()).as("refused for want of a server").isZero();
    assertQuiet();
  }

  /** Asks so many times, from several threads at once; how often each server answered. */
  private Map<Integer, Integer> ask(int times) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Callable<Integer>> questions = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        questions.add(this::ask);
      }
      Map<Integer, Integer> answers = new TreeMap<>();
      for (Future<Integer> answer : threads.invokeAll(questions)) {
        answers.merge(answer.get(), 1, Integer::sum);
      }
      return answers;
    } finally {
      threads.shutdownNow();
    }
  }

  private int ask() throws IOException {
    try (Socket client = new Socket("127.0.0.1", proxy.localAddress().getPort())) {
      client.setSoTimeout((int) LONG.toMillis());
      return Integer.parseInt(new String(client.getInputStream().readAllBytes(), US_ASCII).trim());
    }
  }

  /** As {@link #ask}, or -1 if the connection was lost. */
  private int answer() {
    try {
      return ask();
    } catch (IOException | NumberFormatException e) {
      return -1;
    }
  }
}
