package io.evenkeel.benchmarks;

import com.dynatrace.hash4j.consistent.ConsistentBucketHasher;
import com.dynatrace.hash4j.consistent.ConsistentHashing;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A lookup of a key whose hash is known, with one of 4,096 queries after the other, so that no
 * branch and no slot is learned by heart. {@link #array}, which reads one of 65,537 nodes by some
 * bits of the hash, and {@link #arrayByRemainder} are the floor; the others are jump hashes, which
 * give a number of a server and know neither health nor names.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class HashBenchmark {

  private static final int QUERIES = 4_096;

  /** How many servers there are. */
  @Param({"10", "100", "1000", "10000"})
  public int servers;

  private final Query[] queries = new Query[QUERIES];
  private final Node[] slots = new Node[65_537];
  private Node[] nodes = {};
  private Selector maglev = query -> null;
  private Selector rendezvous = query -> null;
  private Selector weightedRendezvous = query -> null;
  private Selector ipHash = query -> null;
  private final ConsistentBucketHasher jumpBack = ConsistentHashing.jumpBackHashSplitMix64();
  private int next;

  /** Builds them over servers of the same addresses. */
  @Setup
  public void setUp() {
    List<Server> even =
        IntStream.range(0, servers).mapToObj(i -> PickBenchmark.server(i, 1)).toList();
    List<Server> weighted =
        IntStream.range(0, servers).mapToObj(i -> PickBenchmark.server(i, 1 + i % 3)).toList();
    maglev = over(even, Selectors.maglev());
    rendezvous = over(even, Selectors.rendezvous());
    weightedRendezvous = over(weighted, Selectors.rendezvous());
    ipHash = over(even, Selectors.ipHash());
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < QUERIES; i++) {
      queries[i] = Query.forHash(random.nextLong());
    }
    for (int i = 0; i < slots.length; i++) {
      slots[i] = nodes[random.nextInt(servers)];
    }
  }

  private Selector over(List<Server> list, Selector.Factory factory) {
    Selector[] made = new Selector[1];
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(list)
            .selector(
                (candidates, previous) -> {
                  made[0] = factory.create(candidates, previous);
                  return made[0];
                })
            .build();
    nodes = balancer.nodes().toArray(new Node[0]);
    return made[0];
  }

  private Query query() {
    return queries[next++ & QUERIES - 1];
  }

  /** Baseline: a random read of an array of nodes. */
  @Benchmark
  public Node array() {
    return slots[(int) query().keyHash() & 65_535];
  }

  /** Baseline: the same, with the hash mod the array's length. */
  @Benchmark
  public Node arrayByRemainder() {
    return slots[(int) Long.remainderUnsigned(query().keyHash(), slots.length)];
  }

  /** {@code maglev}. */
  @Benchmark
  public @Nullable Node maglev() {
    return maglev.select(query());
  }

  /** {@code ip_hash}. */
  @Benchmark
  public @Nullable Node ipHash() {
    return ipHash.select(query());
  }

  /** {@code rendezvous}, with weights of 1. */
  @Benchmark
  public @Nullable Node rendezvous() {
    return rendezvous.select(query());
  }

  /** {@code rendezvous}, with weights of 1 to 3. */
  @Benchmark
  public @Nullable Node rendezvousByWeight() {
    return weightedRendezvous.select(query());
  }

  /** Peer: hash4j's JumpBackHash. */
  @Benchmark
  public Node jumpBack() {
    return nodes[jumpBack.getBucket(query().keyHash(), servers)];
  }
}
