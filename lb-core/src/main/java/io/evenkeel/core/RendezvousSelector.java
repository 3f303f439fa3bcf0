package io.evenkeel.core;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The node with the highest score for the key; see {@link Selectors#rendezvous()} for the formula.
 * A key's order over the members is that of their scores.
 *
 * <p>Each pick scores every eligible node, so it is made cheap: while all weights are equal, hashes
 * are compared and nothing more, which gives the same order; else the logarithm is worked out only
 * for a node that may win.
 */
final class RendezvousSelector extends KeyedSelector {

  /** Covers what rounding may add to a score, some parts in 2⁵², many times over. */
  private static final double MARGIN = 1 + 1e-12;

  private final HashedServers servers;

  /** Of each member's name, in their order. */
  private final long[] memberHashes;

  /** Of the eligible, in their order. */
  private final Node[] nodes;

  private final long[] hashes;

  /** Empty if all are equal. */
  private final double[] weights;

  private RendezvousSelector(Candidates candidates, HashedServers servers, long[] memberHashes) {
    super(candidates);
    this.servers = servers;
    this.memberHashes = memberHashes;
    int n = candidates.eligible().size();
    this.nodes = candidates.eligible().toArray(new Node[0]);
    this.hashes = new long[n];
    double[] theirs = new double[n];
    @Nullable Node[] byMember = candidates.eligibleByMember();
    boolean isAnyOther = false;
    int index = 0;
    for (int member = 0; member < byMember.length; member++) {
      if (byMember[member] != null) {
        hashes[index] = memberHashes[member];
        theirs[index] = servers.weight(member);
        isAnyOther |= theirs[index] != theirs[0];
        index++;
      }
    }
    this.weights = isAnyOther ? theirs : new double[0];
  }

  static Selector.Factory factory() {
    KeyedSelector.Factory factory = RendezvousSelector::create;
    return factory;
  }

  private static RendezvousSelector create(Candidates candidates, @Nullable Selector previous) {
    List<Node> members = candidates.members();
    RendezvousSelector before =
        previous instanceof RendezvousSelector rendezvous ? rendezvous : null;
    HashedServers servers = HashedServers.of(members, before == null ? null : before.servers);
    return new RendezvousSelector(
        candidates,
        servers,
        before != null && before.servers == servers ? before.memberHashes : hashes(servers));
  }

  private static long[] hashes(HashedServers servers) {
    String[] names = servers.names();
    long[] hashes = new long[names.length];
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] = KeyHash.of(names[i]);
    }
    return hashes;
  }

  @Override
  @Nullable Node select(long place, Query query, @Nullable Room room) {
    return weights.length == 0 ? byHash(place, query, room) : byScore(place, query, room);
  }

  /** How a key and a server meet. No two servers of different hashes are equal for a key. */
  private static long meet(long key, long server) {
    return Mix.mix64(key ^ server);
  }

  private @Nullable Node byHash(long key, Query query, @Nullable Room room) {
    Node best = null;
    long bestHash = Long.MIN_VALUE; // that of 0, as unsigned; all are turned round like that
    for (int i = 0; i < nodes.length; i++) {
      long hash = meet(key, hashes[i]) + Long.MIN_VALUE;
      if ((hash > bestHash || best == null) && isOpen(nodes[i], query, room)) {
        best = nodes[i];
        bestHash = hash;
      }
    }
    return best;
  }

  /**
   * Since −ln(u) ≥ 1 − u, a score is at most weight / (1 − u): who cannot win by that is passed
   * over.
   */
  private @Nullable Node byScore(long key, Query query, @Nullable Room room) {
    Node best = null;
    double bestScore = 0;
    long bestHash = 0;
    for (int i = 0; i < nodes.length; i++) {
      long hash = meet(key, hashes[i]);
      double u = unit(hash);
      if (weights[i] * MARGIN < bestScore * (1 - u)) {
        continue;
      }
      double score = score(weights[i], u);
      if (score < bestScore
          || (score == bestScore && Long.compareUnsigned(hash, bestHash) < 0)
          || !isOpen(nodes[i], query, room)) {
        continue;
      }
      best = nodes[i];
      bestScore = score;
      bestHash = hash;
    }
    return best;
  }

  /** Evenly spread between 0 and 1, and neither; never falls as the hash, unsigned, grows. */
  static double unit(long hash) {
    return ((hash >>> 12) + 0.5) * 0x1p-52;
  }

  static double score(double weight, double unit) {
    return weight / -Math.log(unit);
  }
}
