package io.evenkeel.benchmarks.simulation;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Server;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.Histogram;

/** One selector in one scenario, from an empty world until the last request is over. */
final class Run implements Client.Tally {

  private static final long SHORTEST_NANOS = 1_000;
  private static final long LONGEST_NANOS = 3_600_000_000_000L;

  private final World world;
  private final Histogram latencies = new Histogram(SHORTEST_NANOS, LONGEST_NANOS, 3);
  private long arrived;
  private long over;
  private long measured;
  private long failed;

  private Run(World world) {
    this.world = world;
  }

  /**
   * Runs it.
   *
   * @param seed what all chance in it follows from; arrivals and work do not depend on the selector
   * @throws IllegalStateException if requests or leases got lost: the simulation, or what it
   *     simulates, has a bug
   */
  static Result of(Scenario scenario, String name, Selector.Factory factory, long seed) {
    World world = new World(scenario);
    Run run = new Run(world);
    SimulatedServer[] servers =
        scenario.servers().stream()
            .map(spec -> new SimulatedServer(spec, scenario.queueLimit(), world))
            .toArray(SimulatedServer[]::new);
    List<Server> members = new ArrayList<>();
    for (int i = 0; i < servers.length; i++) {
      members.add(Client.server(i, scenario.servers().get(i).weight()));
    }
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < scenario.clients(); i++) {
      LoadBalancer balancer =
          LoadBalancer.builder()
              .servers(members)
              .selector(factory)
              .clock(world.timeline)
              .seed(Chance.seed(seed, 2L * i))
              .build();
      Chance chance = new Chance(Chance.seed(seed, 2L * i + 1));
      clients.add(new Client(scenario, world, balancer, servers, run, chance));
    }
    run.schedule(scenario, servers, members, clients, new Chance(~seed));
    world.timeline.run();
    run.check(clients);
    List<Double> loads = Arrays.stream(servers).map(SimulatedServer::load).toList();
    return new Result(
        name, run.measured, run.failed, run.latencies, loads, world.timeline.happened());
  }

  private void schedule(
      Scenario scenario,
      SimulatedServer[] servers,
      List<Server> members,
      List<Client> clients,
      Chance chance) {
    HealthChecks checks =
        scenario.healthInterval().isZero()
            ? null
            : new HealthChecks(world, scenario, clients, chance);
    for (Change change : scenario.changes()) {
      SimulatedServer server = servers[change.server()];
      world.timeline.at(
          world.fromNanos + change.at().toNanos(),
          () -> {
            boolean well = server.isWell();
            server.change(change);
            if (checks != null && server.isWell() != well) {
              checks.changed(server, members.get(change.server()).id());
            }
          });
    }
  }

  @Override
  public void arrived() {
    arrived++;
  }

  @Override
  public void done(long arrivedNanos, long nanos, boolean bad) {
    over++;
    if (!world.isMeasured(arrivedNanos)) {
      return;
    }
    measured++;
    if (bad) {
      failed++;
    } else {
      latencies.recordValue(Math.min(LONGEST_NANOS, nanos - arrivedNanos));
    }
  }

  private void check(List<Client> clients) {
    if (arrived != over) {
      throw new IllegalStateException(arrived + " requests arrived, " + over + " are over");
    }
    for (Client client : clients) {
      for (Node node : client.balancer().nodes()) {
        if (node.inFlight() != 0) {
          throw new IllegalStateException("still in flight when all is over: " + node);
        }
      }
    }
  }
}
