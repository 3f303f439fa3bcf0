package io.evenkeel.core;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * What two threads may see of nodes, leases and cursors, as jcstress finds it by meeting in them
 * some millions of times under several compilers. Any result but those named here is an error. Run
 * by {@link InterleavingsTest}.
 */
final class Interleavings {

  private Interleavings() {}

  /** A lease closed twice at once counts once. */
  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "closed once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "closed twice, or not at all")
  @State
  public static class CloseAndClose {
    private final Lease lease = balancer(Selectors.random(), 1).acquire();

    @Actor
    public void one() {
      lease.close();
    }

    @Actor
    public void two() {
      lease.close();
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = lease.node().inFlight();
    }
  }

  /** Of two outcomes that are said at once, one counts. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "the first word")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both words, or none")
  @State
  public static class SuccessAndFailure {
    private final Lease lease = balancer(Selectors.random(), 1).acquire();

    @Actor
    public void one() {
      lease.success();
    }

    @Actor
    public void two() {
      lease.failure(new IllegalStateException());
    }

    @Arbiter
    public void after(II_Result r) {
      r.r1 = (int) lease.node().successes();
      r.r2 = (int) lease.node().failures();
    }
  }

  /** An outcome that races with the end counts or does not, and nothing else moves. */
  @JCStressTest
  @Outcome(
      id = {"0, 0", "0, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "ended, with or without an outcome")
  @Outcome(expect = Expect.FORBIDDEN, desc = "not ended once")
  @State
  public static class CloseAndSuccess {
    private final Lease lease = balancer(Selectors.random(), 1).acquire();

    @Actor
    public void one() {
      lease.close();
    }

    @Actor
    public void two() {
      lease.success();
    }

    @Arbiter
    public void after(II_Result r) {
      r.r1 = lease.node().inFlight();
      r.r2 = (int) lease.node().successes();
    }
  }

  /** The last place of a server goes to one. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "one has it")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both have it, or none")
  @State
  public static class LastPlace {
    private final Node node = new Node(Servers.server(0));

    @Actor
    public void one(II_Result r) {
      r.r1 = node.tryPick(1) ? 1 : 0;
    }

    @Actor
    public void two(II_Result r) {
      r.r2 = node.tryPick(1) ? 1 : 0;
    }
  }

  /** A drain that says that it is done has no lease after it. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "waits for the lease, or there is none")
  @Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "waits for nothing")
  @Outcome(id = "1, 1", expect = Expect.FORBIDDEN, desc = "done beside an open lease")
  @State
  public static class DrainAndAcquire {
    private final LoadBalancer balancer = balancer(Selectors.random(), 1);
    private CompletableFuture<Integer> done = new CompletableFuture<>();

    @Actor
    public void acquire(II_Result r) {
      r.r1 = balancer.tryAcquire(Query.any()) == null ? 0 : 1;
    }

    @Actor
    public void drain() {
      done = balancer.drain("s0", Duration.ofHours(1)).toCompletableFuture();
    }

    @Arbiter
    public void after(II_Result r) {
      r.r2 = done.isDone() ? 1 : 0;
    }
  }

  /** A drain hears of the last close, however late it asked. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "done")
  @Outcome(expect = Expect.FORBIDDEN, desc = "waits for nothing")
  @State
  public static class DrainAndClose {
    private final LoadBalancer balancer = balancer(Selectors.random(), 1);
    private final Lease lease = balancer.acquire();
    private CompletableFuture<Integer> done = new CompletableFuture<>();

    @Actor
    public void close() {
      lease.close();
    }

    @Actor
    public void drain() {
      done = balancer.drain("s0", Duration.ofHours(1)).toCompletableFuture();
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = done.isDone() ? 1 : 0;
    }
  }

  /** Two picks of a rotation of two are of both. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "each once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one turn given twice")
  @State
  public static class Rotation {
    private final LoadBalancer balancer = balancer(Selectors.roundRobin(), 2);

    @Actor
    public void one(II_Result r) {
      r.r1 = index(balancer.acquire());
    }

    @Actor
    public void two(II_Result r) {
      r.r2 = index(balancer.acquire());
    }
  }

  /** The same by weight: over a cycle of a, b both have one turn, and a third pick begins anew. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "each once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one turn given twice")
  @State
  public static class WeightedRotation {
    private final LoadBalancer balancer = balancer(Selectors.weightedRoundRobin(), 2);

    @Actor
    public void one(II_Result r) {
      r.r1 = index(balancer.acquire());
    }

    @Actor
    public void two(II_Result r) {
      r.r2 = index(balancer.acquire());
    }
  }

  /** A rotation goes on while a change is made: the third server joins, no turn is given twice. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 0", "0, 2", "2, 0", "1, 2", "2, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "two different servers")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one turn given twice")
  @State
  public static class RotationAndChange {
    private final LoadBalancer balancer = balancer(Selectors.roundRobin(), 3);

    @Actor
    public void picks(II_Result r) {
      r.r1 = index(balancer.acquire());
      r.r2 = index(balancer.acquire());
    }

    @Actor
    public void update() {
      balancer.update(Servers.server(1).withZone("z"));
    }
  }

  /** The same by weight. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 0", "0, 2", "2, 0", "1, 2", "2, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "two different servers")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one turn given twice")
  @State
  public static class WeightedRotationAndChange {
    private final LoadBalancer balancer = balancer(Selectors.weightedRoundRobin(), 3);

    @Actor
    public void picks(II_Result r) {
      r.r1 = index(balancer.acquire());
      r.r2 = index(balancer.acquire());
    }

    @Actor
    public void update() {
      balancer.update(Servers.server(1).withZone("z"));
    }
  }

  /** Two changes at once, in different groups of three levels, leave the winner right. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "as a scan finds it")
  @Outcome(expect = Expect.FORBIDDEN, desc = "another")
  @State
  public static class Tournament {
    private static final int OTHER = 17;
    private final Node[] nodes =
        IntStream.range(0, 20).mapToObj(i -> new Node(Servers.server(i))).toArray(Node[]::new);
    private final LoadTree tree = new LoadTree(nodes, new int[20], 1);

    public Tournament() {
      Cursor turns = new Cursor(0);
      for (int i = 0; i < nodes.length; i++) {
        nodes[i].joinLine(turns, i);
        nodes[i].sit(tree, i, this);
      }
      for (int i = 1; i < nodes.length; i++) {
        load(nodes[i], i == OTHER ? 2 : 1);
      }
      tree.build(); // 0 wins with nothing in flight, the others have 1, one has 2
      if (tree.best() != 0) {
        throw new IllegalStateException("not as it should begin");
      }
    }

    @Actor
    public void worsen() {
      load(nodes[0], 2);
    }

    @Actor
    public void improve() {
      nodes[OTHER].released();
      nodes[OTHER].released();
    }

    @Arbiter
    public void after(I_Result r) {
      int best = 0;
      for (int i = 1; i < nodes.length; i++) {
        best = tree.isBetter(i, best) ? i : best;
      }
      r.r1 = tree.best() == best ? 1 : 0;
    }
  }

  /** A total hears of a pick and of an end at once. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "as in flight")
  @Outcome(expect = Expect.FORBIDDEN, desc = "another")
  @State
  public static class TotalOfPickAndEnd {
    private final Node node = node(1);
    private final InFlightTotal total = InFlightTotal.of(only(node));

    @Actor
    public void pick() {
      load(node, 1);
    }

    @Actor
    public void end() {
      node.released();
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = (int) total.get();
    }
  }

  /** A total that is set up while a node is picked has counted that. */
  @JCStressTest
  @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "as in flight")
  @Outcome(expect = Expect.FORBIDDEN, desc = "another")
  @State
  public static class TotalSetUpAndPick {
    private final Node node = node(1);
    private InFlightTotal total;

    @Actor
    public void setUp() {
      total = InFlightTotal.of(only(node));
    }

    @Actor
    public void pick() {
      load(node, 1);
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = (int) total.get();
    }
  }

  private static Node node(int inFlight) {
    Node node = new Node(Servers.server(0));
    load(node, inFlight);
    return node;
  }

  private static Candidates only(Node node) {
    return new Candidates(List.of(node), List.of(node), 1);
  }

  private static void load(Node node, int inFlight) {
    for (int i = 0; i < inFlight; i++) {
      boolean unused = node.tryPick(Integer.MAX_VALUE);
    }
  }

  private static LoadBalancer balancer(Selector.Factory factory, int n) {
    return LoadBalancer.builder()
        .servers(Servers.numbered(n))
        .selector(factory)
        .scheduler(new VirtualTime())
        .build();
  }

  private static int index(Lease lease) {
    return lease.server().id().charAt(1) - '0';
  }
}
