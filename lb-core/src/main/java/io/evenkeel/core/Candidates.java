package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Selector} is built over: the members of one tier and the eligible ones among them,
 * as they were when the snapshot was taken. Immutable, but the nodes in it live on.
 */
public final class Candidates {

  private final List<Node> members;
  private final List<Node> eligible;
  private final int[] weights;
  private final Environment environment;

  /** Of the snapshot that this is for. */
  private final Build build;

  /** The weights are those of the eligible ones, each above 0. */
  Candidates(
      List<Node> members,
      List<Node> eligible,
      int[] weights,
      Environment environment,
      Build build) {
    this.members = List.copyOf(members);
    this.eligible = List.copyOf(eligible);
    this.weights = weights;
    this.environment = environment;
    this.build = build;
  }

  /** Of a build of their own. */
  Candidates(List<Node> members, List<Node> eligible, int[] weights, Environment environment) {
    this(members, eligible, weights, environment, new Build());
  }

  /** As of a balancer that was given this seed. */
  Candidates(List<Node> members, List<Node> eligible, long seed) {
    this(
        members,
        eligible,
        eligible.stream().mapToInt(Node::weight).toArray(),
        Environment.seeded(seed, NanoClock.system()));
  }

  /** Every member of the tier, in the order in which they were added; unmodifiable. */
  public List<Node> members() {
    return members;
  }

  /**
   * The members that may be picked (no block, weight above 0), in the same order; unmodifiable. May
   * be empty.
   */
  public List<Node> eligible() {
    return eligible;
  }

  /**
   * The weights of the eligible nodes, in their order, each above 0: as they are, or all taken
   * times the same number where a slow start or an agent makes some of them smaller. A copy.
   */
  public int[] weights() {
    return weights.clone();
  }

  /**
   * The balancer's own random number, the same for all its snapshots: where a rotation starts, so
   * that balancers created together do not all start on the same server. Set by {@link
   * LoadBalancerBuilder#seed} where a run must repeat.
   */
  public long seed() {
    return environment.seed();
  }

  /** By its place among the members, the node if it is eligible, else null. */
  @Nullable Node[] eligibleByMember() {
    @Nullable Node[] nodes = new Node[members.size()];
    int next = 0; // the eligible ones stand in the same order
    for (int i = 0; i < nodes.length && next < eligible.size(); i++) {
      if (members.get(i) == eligible.get(next)) {
        nodes[i] = eligible.get(next++);
      }
    }
    return nodes;
  }

  /** What is the same for all snapshots of the balancer. */
  Environment environment() {
    return environment;
  }

  /** The balancer's source of chance, the same for all its snapshots. */
  Randomness random() {
    return environment.random();
  }

  /** The balancer's clock. */
  NanoClock clock() {
    return environment.clock();
  }

  /** Those of them for which this holds, in the same order. */
  Candidates only(Predicate<Node> filter) {
    List<Node> chosen = new ArrayList<>();
    int[] theirs = new int[eligible.size()];
    for (int i = 0; i < theirs.length; i++) {
      if (filter.test(eligible.get(i))) {
        theirs[chosen.size()] = weights[i];
        chosen.add(eligible.get(i));
      }
    }
    return new Candidates(
        members.stream().filter(filter).toList(),
        chosen,
        Arrays.copyOf(theirs, chosen.size()),
        environment,
        build);
  }

  /** A selector over them, as {@link Selector.Factory#create} makes it. */
  Selector build(Selector.Factory factory, @Nullable Selector previous) {
    Selector selector = factory.create(this, previous);
    if (selector == null) { // a user's factory may not have been checked for nullness
      throw new NullPointerException("selector: " + factory + " returned null");
    }
    return selector;
  }

  /**
   * Has a watch told of the load of the eligible nodes, each by its index, for as long as the
   * snapshot that is being built is in force or about to be. What was in flight before, it is to
   * read afterwards.
   */
  void watch(LoadWatch watch) {
    for (int i = 0; i < eligible.size(); i++) {
      eligible.get(i).sit(watch, i, build);
    }
  }

  /**
   * Has the latency of these nodes measured from now on, and gives them, for as long as the
   * snapshot that is being built is in force or about to be.
   *
   * @param peaks whether a latency above the mean replaces it, from when the snapshot is in force
   */
  Latency[] measure(List<Node> nodes, boolean peaks) {
    return nodes.stream()
        .map(node -> build.measure(node, environment.clock(), peaks))
        .toArray(Latency[]::new);
  }

  /**
   * Has this done if and when the snapshot that is being built has come into force: what must not
   * happen if the change is refused.
   */
  void onceInForce(Runnable action) {
    build.add(action);
  }
}
