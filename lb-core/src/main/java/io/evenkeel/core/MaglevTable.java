package io.evenkeel.core;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which server each of M slots belongs to (Eisenbud et al., "Maglev: A fast and reliable software
 * network load balancer", NSDI 2016), filled as Envoy fills it. Immutable.
 *
 * <p>The servers, ordered by name, take turns. Each goes through all slots in an order of its own,
 * offset, offset + skip, offset + 2·skip and so on modulo M, and at its turn takes the next one
 * that is free. The heaviest have a turn in every iteration. Any other sits out while iteration ·
 * weight is less than its target, which grows by the largest weight with each turn it has; that is
 * reckoned in doubles, as Envoy does, with weights that sum to 1, since many of those comparisons
 * are between equals.
 */
final class MaglevTable {

  /** Envoy's limit. */
  static final int LARGEST = 5_000_011;

  static final int SMALLEST = Modulus.LEAST;

  private static final Hasher64 OFFSET = Hashing.xxh64();
  private static final Hasher64 SKIP = Hashing.xxh64(1);

  private final int size;

  /** For {@link Modulus}. */
  private final long reciprocal;

  /** The server of each slot; one of the two is empty. */
  private final char[] few;

  private final int[] many;

  private MaglevTable(int size, char[] few, int[] many) {
    this.size = size;
    this.reciprocal = Modulus.reciprocal(size);
    this.few = few;
    this.many = many;
  }

  /**
   * @return the size
   * @throws IllegalArgumentException if a table cannot be of this size
   */
  static int requireSize(int size) {
    if (size < SMALLEST || size > LARGEST || !isPrime(size)) {
      throw new IllegalArgumentException(
          "table_size: "
              + size
              + " (expected: a prime from "
              + SMALLEST
              + " to "
              + LARGEST
              + ", such as 65537 or 655373)");
    }
    return size;
  }

  private static boolean isPrime(int number) {
    for (int i = 2; i * i <= number; i++) {
      if (number % i == 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Fills a table. O(size · (log(size) + log(servers))).
   *
   * @param names what is hashed of each server, all different
   * @param weights of the same servers; one of weight 0 has no slot, the others have one at least
   * @return null if there is no server of weight above 0
   * @throws IllegalArgumentException if there are more of these than slots
   */
  static @Nullable MaglevTable of(String[] names, int[] weights, int size) {
    int[] order =
        IntStream.range(0, names.length)
            .filter(i -> weights[i] > 0)
            .boxed()
            .sorted(Comparator.comparing(i -> names[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    if (order.length == 0) {
      return null;
    }
    if (order.length > size) {
      throw new IllegalArgumentException(
          "table_size: " + size + " (expected: >= the number of servers, " + order.length + ")");
    }
    int[] slots = new Filling(names, weights, order, size).slots();
    if (names.length - 1 > Character.MAX_VALUE) {
      return new MaglevTable(size, new char[0], slots);
    }
    char[] few = new char[size];
    for (int slot = 0; slot < size; slot++) {
      few[slot] = (char) slots[slot];
    }
    return new MaglevTable(size, few, new int[0]);
  }

  int size() {
    return size;
  }

  /** The slot of a key of this hash: the hash modulo the size. */
  int slot(long hash) {
    return Modulus.of(hash, size, reciprocal);
  }

  /** The server that a slot belongs to, by its place in the arrays that this was built from. */
  int server(int slot) {
    return slot < few.length ? few[slot] : many[slot];
  }

  /** Servers taking turns; each is known by its place in their order. */
  private static final class Filling {
    private final int[] order;
    private final int size;

    /** The slot at which each looks next. */
    private final int[] next;

    private final int[] skip;

    /** Normalized, so that their sum is 1. */
    private final double[] weight;

    private final double[] target;
    private final double largest;

    /** A heap of whose turn comes when: the iteration above, the server's place below. */
    private final long[] turns;

    Filling(String[] names, int[] weights, int[] order, int size) {
      int n = order.length;
      this.order = order;
      this.size = size;
      this.next = new int[n];
      this.skip = new int[n];
      this.weight = new double[n];
      this.target = new double[n];
      this.turns = new long[n];
      long sum = Arrays.stream(order).mapToLong(i -> weights[i]).sum();
      double most = 0;
      for (int i = 0; i < n; i++) {
        String name = names[order[i]];
        next[i] = (int) Long.remainderUnsigned(KeyHash.of(OFFSET, name), size);
        skip[i] = (int) Long.remainderUnsigned(KeyHash.of(SKIP, name), size - 1) + 1;
        weight[i] = (double) weights[order[i]] / sum;
        most = Math.max(most, weight[i]);
        turns[i] = 1L << 32 | i;
      }
      this.largest = most;
    }

    int[] slots() {
      int[] slots = new int[size];
      Arrays.fill(slots, -1);
      for (int filled = 0; filled < size; filled++) {
        int server = (int) turns[0];
        int slot = next[server];
        while (slots[slot] >= 0) {
          slot = after(slot, server);
        }
        slots[slot] = order[server];
        next[server] = after(slot, server);
        target[server] += largest;
        queue(nextTurn(server, turns[0] >>> 32) << 32 | server);
      }
      return slots;
    }

    private int after(int slot, int server) {
      int sum = slot + skip[server];
      return sum < size ? sum : sum - size;
    }

    /**
     * The first iteration after this one in which the server does not sit out. Where iterations
     * times weight is rounded to the target, that is one less than the quotient says.
     */
    private long nextTurn(int server, long iteration) {
      double its = weight[server];
      long turn = Math.max(iteration + 1, (long) Math.ceil(target[server] / its) - 1);
      while (turn * its < target[server]) {
        turn++;
      }
      return turn;
    }

    /** Puts a turn into the place of the first, which is over. */
    private void queue(long turn) {
      int place = 0;
      for (int child = 1; child < turns.length; child = 2 * place + 1) {
        if (child + 1 < turns.length && turns[child + 1] < turns[child]) {
          child++;
        }
        if (turns[child] >= turn) {
          break;
        }
        turns[place] = turns[child];
        place = child;
      }
      turns[place] = turn;
    }
  }
}
