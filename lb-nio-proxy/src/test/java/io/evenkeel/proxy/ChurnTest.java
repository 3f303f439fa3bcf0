package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import java.io.OutputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Server lists that change under load. */
@Timeout(120)
class ChurnTest extends ScenarioFixture {

  private static final int CHANGES = 300;
  private static final long PERIOD_NANOS = 10_000_000;

  @Test
  void listChanges100TimesASecond_noClientIsRefused_noRelayIsCut_andNobodyIsKept()
      throws Exception {
    List<Server> all = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      all.add(closeLater(Backend.echo()).server());
    }
    start(builder -> builder.eventLoops(3), all.toArray(Server[]::new));
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger served = new AtomicInteger();
    Socket lasting = connect();
    List<CompletableFuture<Void>> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      SplittableRandom random = new SplittableRandom(i);
      clients.add(
          async(
              () -> {
                while (!over.get()) {
                  exchange(random.nextInt(50_000));
                  served.incrementAndGet();
                }
                return null;
              }));
    }
    SplittableRandom random = new SplittableRandom(9);
    long next = System.nanoTime();
    for (int i = 0; i < CHANGES; i++) {
      List<Server> list = new ArrayList<>();
      for (Server server : all) {
        if (random.nextBoolean()) {
          list.add(server.withWeight(1 + random.nextInt(3)).withTier(random.nextInt(2)));
        }
      }
      if (list.isEmpty()) {
        list.add(all.get(i % all.size()));
      }
      balancer.update(list);
      if (i % 10 == 0) {
        echo(lasting);
      }
      next += PERIOD_NANOS;
      while (next - System.nanoTime() > 0) {
        LockSupport.parkNanos(next - System.nanoTime());
      }
    }
    over.set(true);
    for (CompletableFuture<Void> client : clients) {
      client.get();
    }
    echo(lasting);
    lasting.close();
    balancer.update(List.of(all.get(0)));
    assertQuiet();
    assertThat(served.get()).isGreaterThan(100);
    assertThat(proxy.stats().refused()).isZero();
    assertThat(ended(EndReason.FINISHED)).isEqualTo(served.get() + 1);
    assertThat(proxy.stats().servers()).hasSizeLessThanOrEqualTo(1);
  }

  /** One client: so many bytes there and back, and a FIN each way. */
  private void exchange(int size) throws Exception {
    KnownBytes bytes = new KnownBytes(size);
    try (Socket client = new Socket("127.0.0.1", proxy.localAddress().getPort())) {
      client.setSoTimeout((int) LONG.toMillis());
      OutputStream out = client.getOutputStream();
      bytes.send(out, size, 10_000);
      client.shutdownOutput();
      assertThat(bytes.receive(client.getInputStream(), 0, Long.MAX_VALUE)).isEqualTo(size);
    }
  }
}
