package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Makes the pictures of docs/dashboard.md, on demand: {@code -Devenkeel.screenshots=} where they
 * are to go, {@code -Devenkeel.screenshots.minutes=} how long there is to be traffic before.
 */
@EnabledIfSystemProperty(named = "evenkeel.screenshots", matches = ".+")
class DashboardScreenshotsIT {

  private static final int CLIENTS = 16;
  private static final double REQUESTS_PER_SECOND = 40;

  private volatile boolean over;

  @Test
  void lightAndDark() throws Exception {
    Path folder = Path.of(System.getProperty("evenkeel.screenshots"));
    long minutes = Long.getLong("evenkeel.screenshots.minutes", 12);
    try (DashboardRig rig = new DashboardRig();
        Chromium chromium = Chromium.start()) {
      List<Server> servers = new ArrayList<>();
      for (int i = 1; i <= 10; i++) {
        servers.add(
            rig.server("web-" + i)
                .withWeight(1 + i % 3)
                .withMaxConcurrent(40)
                .withTier(i == 10 ? 1 : 0)
                .withZone(i % 2 == 0 ? "eu-1a" : "eu-1b"));
      }
      LoadBalancer web = rig.balancer("web", Selectors.maglev(), servers);
      LoadBalancer unused =
          rig.balancer(
              "sessions",
              Selectors.leastConnections(),
              List.of(
                  rig.server("sessions-1"), rig.server("sessions-2"), rig.server("sessions-3")));
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        SplittableRandom random = new SplittableRandom(i);
        Thread client = new Thread(() -> client(rig, random), "client-" + i);
        client.start();
        clients.add(client);
      }
      try (AdminServer admin = AdminServer.builder(rig.inventory).bind("127.0.0.1", 0).start()) {
        pass(TimeUnit.MINUTES.toSeconds(minutes) / 2);
        rig.kill("web-7");
        pass(40);
        rig.revive("web-7");
        boolean drained = web.drain("web-4");
        boolean maintained = web.maintain("web-9");
        assertThat(drained && maintained).isTrue();
        pass(TimeUnit.MINUTES.toSeconds(minutes) / 2 - 40);
        rig.kill("web-2");
        chromium.open("http://127.0.0.1:" + admin.address().getPort() + "/");
        chromium.until("document.querySelector('tr[data-id=web-2]')?.dataset.state === 'down'");
        chromium.fill("#explain-key", "10.1.2.3");
        chromium.click("#explain button");
        chromium.until("document.querySelector('#explanation .answer')");
        chromium.js("document.activeElement.blur()");
        pass(15);
        shoot(chromium, "light", folder);
        shoot(chromium, "dark", folder);
      } finally {
        over = true;
        for (Thread client : clients) {
          client.join();
        }
      }
    }
  }

  private static void shoot(Chromium chromium, String theme, Path folder) throws IOException {
    chromium.prefers(theme);
    chromium.js("scrollTo(0, 0)");
    chromium.until("matchMedia('(prefers-color-scheme: " + theme + ")').matches");
    pass(3); // until the curves are drawn in their new colours
    chromium.screenshot(folder.resolve("dashboard-" + theme + ".png"));
  }

  /** Asks now this listener, now that, more often at times. */
  private void client(DashboardRig rig, SplittableRandom random) {
    long start = System.nanoTime();
    while (!over) {
      try {
        String listener = random.nextInt(4) == 0 ? "sessions" : "web";
        String from = "127.0.0." + random.nextInt(1, 255);
        rig.ask(listener, from, 2_000 + random.nextInt(60_000), random.nextInt(20, 500));
      } catch (IOException e) {
        // it was the server that was killed; the next one, then
      }
      double minutes = (System.nanoTime() - start) / 60e9;
      double busy = 1 + 0.6 * Math.sin(minutes * 1.7) + 0.3 * Math.sin(minutes * 7);
      LockSupport.parkNanos((long) (CLIENTS * 1e9 / REQUESTS_PER_SECOND / Math.max(0.3, busy)));
    }
  }

  private static void pass(long seconds) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() - end < 0) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
  }
}
