package io.evenkeel.benchmarks;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
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

/** The few lines that one would write oneself: no health, no changes, no outcomes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PickBaselines {

  /** How many servers there are. */
  @Param({"10", "100", "1000", "10000"})
  public int servers;

  private final AtomicInteger next = new AtomicInteger();
  private AtomicIntegerArray inFlight = new AtomicIntegerArray(1);
  private long[] latencies = new long[1];
  private int[] weightsUpTo = new int[1];
  private Integer[] nodes = new Integer[1];

  /** Weights 1 to 3 where weights count, and nothing in flight anywhere. */
  @Setup
  public void setUp() {
    inFlight = new AtomicIntegerArray(servers);
    latencies = new long[servers];
    nodes = IntStream.range(0, servers).boxed().toArray(Integer[]::new);
    weightsUpTo = new int[servers];
    Arrays.setAll(weightsUpTo, i -> 1 + i % 3);
    Arrays.parallelPrefix(weightsUpTo, Integer::sum);
  }

  /** A shared counter. */
  @Benchmark
  public Integer rotation() {
    return nodes[Integer.remainderUnsigned(next.getAndIncrement(), servers)];
  }

  /** A shared counter, and the one in flight counted there and back. */
  @Benchmark
  public Integer countedRotation() {
    return used(Integer.remainderUnsigned(next.getAndIncrement(), servers));
  }

  /** Chance. */
  @Benchmark
  public Integer random() {
    return nodes[ThreadLocalRandom.current().nextInt(servers)];
  }

  /** Chance by weight: a search in the running total of the weights. */
  @Benchmark
  public Integer weightedRandom() {
    int ticket = ThreadLocalRandom.current().nextInt(weightsUpTo[servers - 1]) + 1;
    int found = Arrays.binarySearch(weightsUpTo, ticket);
    return nodes[found < 0 ? -found - 1 : found];
  }

  /** The less loaded of two, which may be the same one. */
  @Benchmark
  public Integer twoChoices() {
    return nodes[lessLoadedOfTwo()];
  }

  /** The less loaded of two, and the one in flight counted there and back. */
  @Benchmark
  public Integer countedTwoChoices() {
    return used(lessLoadedOfTwo());
  }

  /**
   * The same, and how long it took, kept without a thought: two readings of the clock, below which
   * nobody gets who measures each use.
   */
  @Benchmark
  public Integer timedTwoChoices() {
    int server = lessLoadedOfTwo();
    inFlight.getAndIncrement(server);
    long start = System.nanoTime();
    latencies[server] = System.nanoTime() - start;
    inFlight.getAndDecrement(server);
    return nodes[server];
  }

  /** The least loaded of all; of those that tie always the first, which no selector may do. */
  @Benchmark
  public Integer leastOfAll() {
    int best = 0;
    for (int i = 1; i < servers; i++) {
      if (inFlight.get(i) < inFlight.get(best)) {
        best = i;
      }
    }
    return nodes[best];
  }

  /** The least loaded of all; those that tie take turns by a shared counter. */
  @Benchmark
  public Integer leastOfAllInTurn() {
    int begin = Integer.remainderUnsigned(next.getAndIncrement(), servers);
    int best = begin;
    for (int k = 1; k < servers; k++) {
      int i = begin + k < servers ? begin + k : begin + k - servers;
      if (inFlight.get(i) < inFlight.get(best)) {
        best = i;
      }
    }
    return nodes[best];
  }

  private int lessLoadedOfTwo() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    int one = random.nextInt(servers);
    int two = random.nextInt(servers);
    return inFlight.get(one) <= inFlight.get(two) ? one : two;
  }

  private Integer used(int server) {
    inFlight.getAndIncrement(server);
    inFlight.getAndDecrement(server);
    return nodes[server];
  }
}
