package io.evenkeel.benchmarks.simulation;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import java.util.List;

/**
 * What active health checks would find out, and when: each client by itself that a server is not
 * well after its third check in a row, and that it is well again after its second.
 */
final class HealthChecks {

  private static final int FALL = 3;
  private static final int RISE = 2;

  private final World world;
  private final double intervalNanos;
  private final Chance chance;
  private final List<BlockOwner> owners;

  HealthChecks(World world, Scenario scenario, List<Client> clients, Chance chance) {
    this.world = world;
    this.intervalNanos = scenario.healthInterval().toNanos();
    this.chance = chance;
    this.owners = clients.stream().map(c -> c.balancer().claim(Block.PROBE_DOWN)).toList();
  }

  /** A server has just become well or unwell. */
  void changed(SimulatedServer server, String id) {
    boolean well = server.isWell();
    for (BlockOwner owner : owners) {
      // The first check of those in a row comes anywhere within an interval.
      double wait = (chance.uniform() + (well ? RISE : FALL) - 1) * intervalNanos;
      world.timeline.at(
          world.now() + Math.round(wait),
          () -> {
            if (server.isWell() != well) {
              return; // it did not last
            }
            if (well) {
              owner.clear(id, "checks succeed");
            } else {
              owner.set(id, "checks fail");
            }
          });
    }
  }
}
