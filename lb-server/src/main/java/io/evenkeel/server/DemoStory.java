package io.evenkeel.server;

import io.evenkeel.core.Node;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The demo's story, told while it happens: all is well, a server dies, it comes back. A round takes
 * about 14 seconds. On one thread; ends at once with {@link CancellationException} when told to.
 */
final class DemoStory {

  private static final long TICK_MILLIS = 500;
  private static final int STEADY_TICKS = 7;

  /** Far more than any of the story's changes takes. */
  private static final int PATIENCE_TICKS = 60;

  private final DemoRig rig;
  private final DemoScreen screen;
  private final DemoSampler sampler;
  private final CountDownLatch stop;

  /**
   * A story to tell.
   *
   * @param stop opened when nobody watches any more
   */
  DemoStory(DemoRig rig, DemoScreen screen, CountDownLatch stop) {
    this.rig = rig;
    this.screen = screen;
    this.sampler = new DemoSampler(rig);
    this.stop = stop;
  }

  /**
   * Stops this server and brings it back.
   *
   * @return what went wrong; empty if nothing did
   */
  List<String> tell(DemoServer victim) throws IOException, InterruptedException {
    String name = victim.name();
    int all = rig.servers().size();
    if (!watchUntil(() -> rig.balancer().eligibleCount() == all)) {
      return List.of("not every server was up to begin with: " + rig.balancer().nodes());
    }
    say("Steady: " + DemoTraffic.RATE + " requests a second, round robin: equal picks for all.");
    long answeredBefore = rig.traffic().answered();
    watch(STEADY_TICKS);

    Node node = rig.node(name);
    long stopped = System.nanoTime();
    victim.close();
    say("Now " + name + " is stopped. Watch: its health turns PROBE_DOWN, its picks stand still,");
    say("the others share its part. Who is refused by it is connected to another at once.");
    if (!watchUntil(() -> !rig.verdict(name).up())) {
      victim.restart(); // for the next round
      return List.of("the health check did not notice that " + name + " was stopped");
    }
    long failover = rig.verdict(name).nanos();
    say("Failover: " + name + " is out. From here on no request may fail.");
    watch(1); // a pick that was under way may have counted a moment after the event
    long picksBefore = node.picks();
    long answeredAtFailover = rig.traffic().answered();
    watch(STEADY_TICKS);
    long picksWhileDown = node.picks() - picksBefore;
    long answeredWhileDown = rig.traffic().answered() - answeredAtFailover;

    long restarted = System.nanoTime();
    victim.restart();
    say("Now " + name + " is started again. Watch: good health checks bring it back,");
    say("and it gets an equal part again: no more, no less.");
    if (!watchUntil(() -> rig.verdict(name).up())) {
      return List.of("the health check did not notice that " + name + " was back");
    }
    long returned = rig.verdict(name).nanos();
    say("Back: " + name + " is picked again.");
    watch(1);
    long ownBefore = node.picks();
    long allBefore = allPicks();
    watch(STEADY_TICKS);
    DemoRound round =
        new DemoRound(
            name,
            all,
            stopped,
            failover,
            restarted,
            returned,
            rig.traffic().answered() - answeredBefore,
            answeredWhileDown,
            rig.traffic().takeFailures(),
            picksWhileDown,
            node.picks() - ownBefore,
            allPicks() - allBefore);
    say("What happened:");
    round.summary().forEach(line -> say("  " + line));
    return round.problems();
  }

  private long allPicks() {
    return rig.balancer().nodes().stream().mapToLong(Node::picks).sum();
  }

  private void say(String text) {
    screen.say(text);
  }

  private void watch(int ticks) throws InterruptedException {
    for (int i = 0; i < ticks; i++) {
      tick();
    }
  }

  /** Whether it came true while anybody had patience. */
  private boolean watchUntil(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < PATIENCE_TICKS && !condition.getAsBoolean(); i++) {
      tick();
    }
    return condition.getAsBoolean();
  }

  private void tick() throws InterruptedException {
    if (stop.await(TICK_MILLIS, TimeUnit.MILLISECONDS) || screen.isGone()) {
      throw new CancellationException("nobody watches any more");
    }
    screen.show(sampler.sample());
  }
}
