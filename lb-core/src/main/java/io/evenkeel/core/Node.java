package io.evenkeel.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A server as one balancer sees it now: requests in flight, outcome counts, whether it may be
 * picked. Made by the balancer, one for each id, kept for as long as that id is a member.
 *
 * <p>Safe for use by any thread; every reading is a moment's and may be stale when it arrives.
 */
public final class Node {

  // Long because everything that a pick or an outcome touches stands here, in one object.

  private static final VarHandle IN_FLIGHT;
  private static final VarHandle LAST_TURN;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      IN_FLIGHT = lookup.findVarHandle(Node.class, "inFlight", int.class);
      LAST_TURN = lookup.findVarHandle(Node.class, "lastTurn", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Written under the balancer's change lock, read by anyone. Its id never changes. */
  private volatile Server server;

  /** Atomic, by {@link #IN_FLIGHT}. */
  @SuppressWarnings("unused")
  private volatile int inFlight;

  /** Written under the balancer's change lock, read by anyone. */
  private volatile Blocks blocks = Blocks.NONE;

  /** Written under the balancer's change lock, once, read by anyone. */
  private volatile boolean removed;

  /** Completed when nothing is in flight; null while nobody waits for that. */
  private volatile @Nullable CompletableFuture<Integer> idle;

  /** For {@link SlowStart}. Guarded by the balancer's change lock. */
  private long eligibleSince = SlowStart.NOT_ELIGIBLE;

  /** For {@link SlowStart}. Written under the balancer's change lock, read by anyone. */
  private volatile double weightShare = 1;

  /** Written under the balancer's change lock, read by anyone; 1 to 100. */
  private volatile int reportedPercent = 100;

  private final LongAdder picks = new LongAdder();
  private final LongAdder successes = new LongAdder();
  private final LongAdder neutral = new LongAdder();

  /** By {@link FailureKind#index}. */
  private final AtomicLongArray failures = new AtomicLongArray(FailureKind.values().length);

  /** Null while no selector reads it. Written under the balancer's change lock, read by anyone. */
  private volatile @Nullable Latency latency;

  /**
   * A node that a pick has taken in spite of gates or a limit.
   *
   * @param pass what its gates are to hear of the lease; null if there is none
   */
  record Admission(Node node, Gates.@Nullable Pass pass) {}

  /**
   * Who is told of its load: null while no selector asks for it. Written under the balancer's
   * change lock, read by anyone.
   */
  private volatile LoadWatch.@Nullable Seat seats;

  /** Where its turns come from. Guarded by the balancer's change lock. */
  private @Nullable Cursor line;

  /** When it was picked last, in turns of {@link #line}. Atomic, by {@link #LAST_TURN}. */
  @SuppressWarnings("unused")
  private volatile long lastTurn;

  /** Null if latencies are not recorded. */
  private final @Nullable LatencyWindows windows;

  /** Written under {@link #gatesLock}, read by anyone. */
  private volatile int maxConcurrent;

  /**
   * How many may be in flight for a pick not to be looked at closer: {@link #maxConcurrent}, and 0
   * while there are {@link #gates}, so that no pick pays for the question. Written under {@link
   * #gatesLock}, read by anyone.
   */
  private volatile int limit;

  /** Who else decides whether it is taken. Null if nobody does. As {@link #limit}. */
  private volatile @Nullable Gates gates;

  /**
   * Who hears of its outcomes. Null if nobody does. Written under the balancer's change lock, read
   * by anyone.
   */
  private volatile OutcomeWatch.Place<?> @Nullable [] places;

  Node(Server server) {
    this(server, null, Integer.MAX_VALUE);
  }

  Node(Server server, LatencyWindows.@Nullable Timing recording, int maxConcurrent) {
    this.server = server;
    this.windows = recording == null ? null : new LatencyWindows(recording);
    this.maxConcurrent = maxConcurrent;
    this.limit = maxConcurrent;
  }

  /** The server itself. */
  public Server server() {
    return server;
  }

  /** The server's weight, 0 to {@value Server#MAX_WEIGHT}. */
  public int weight() {
    return server.weight();
  }

  /**
   * The weight by which it is picked now: less than {@link #weight()} during a slow start, and
   * while its agent asks for less.
   *
   * @see LoadBalancerBuilder#slowStart
   * @see BlockOwner.Change#weigh
   */
  public double effectiveWeight() {
    return server.weight() * (reportedPercent / 100.0) * weightShare;
  }

  int reportedPercent() {
    return reportedPercent;
  }

  /** Under the balancer's change lock only. */
  void setReportedPercent(int percent) {
    reportedPercent = percent;
  }

  /** Leases taken and not yet closed; 0 or more. */
  public int inFlight() {
    return inFlight;
  }

  /**
   * How many leases it may have at a time: the server's own limit, or else the balancer's; {@link
   * Integer#MAX_VALUE} for no limit. After a limit was lowered there may be more in flight for a
   * while.
   */
  public int maxConcurrent() {
    return maxConcurrent;
  }

  /** Leases ever taken. Costs O(cores), as do the other two counts. */
  public long picks() {
    return picks.sum();
  }

  /** Leases that ended in success. */
  public long successes() {
    return successes.sum();
  }

  /** Leases that ended in failure. */
  public long failures() {
    long sum = 0;
    for (int kind = 0; kind < failures.length(); kind++) {
      sum += failures.get(kind);
    }
    return sum;
  }

  long failures(FailureKind kind) {
    return failures.get(kind.index());
  }

  /** Leases closed without a word. */
  long neutral() {
    return neutral.sum();
  }

  /** Whether it may be picked: no block, and a weight above 0. */
  public boolean isEligible() {
    return blocks.isNone() && server.weight() > 0;
  }

  /** The same when health is not asked. */
  boolean isEligibleInPanic() {
    return blocks.isAtMostByHealth() && server.weight() > 0;
  }

  /** Why it may not be picked, as far as blocks go; unmodifiable. */
  public Set<Block> blocks() {
    return blocks.kinds();
  }

  /** Why it may not be picked, since when and what led to it. */
  Blocks blocked() {
    return blocks;
  }

  boolean has(Block block) {
    return blocks.has(block);
  }

  /** Under the balancer's change lock only. */
  void setBlocks(Blocks blocks) {
    this.blocks = blocks;
  }

  /** Under the balancer's change lock, before a snapshot without it is published. */
  void setRemoved() {
    removed = true;
  }

  /** Whether it is one of the balancer's nodes; once it is not, it never is again. */
  public boolean isMember() {
    return !removed;
  }

  /** Whether a pick over a snapshot that is no longer in force must not take it. */
  boolean takesNothingNew() {
    return removed || has(Block.DRAINING);
  }

  /** Under the balancer's change lock only. */
  void setServer(Server server) {
    this.server = server;
  }

  /** Under the balancer's change lock only. */
  long eligibleSince() {
    return eligibleSince;
  }

  /** Under the balancer's change lock only. */
  void setStart(long eligibleSince, double weightShare) {
    this.eligibleSince = eligibleSince;
    if (this.weightShare != weightShare) {
      this.weightShare = weightShare;
    }
  }

  /**
   * As many as the server says, or else the balancer. What is in flight above that may finish.
   * Under the balancer's change lock only.
   */
  void limitTo(int byDefault) {
    int own = server.maxConcurrent();
    int most = own == 0 ? byDefault : own;
    if (most != maxConcurrent) {
      synchronized (gatesLock()) {
        maxConcurrent = most;
        limit = gates == null ? most : 0;
      }
    }
  }

  /**
   * Counts one more in flight, unless there are as many as there may be, or gates, which only
   * {@link #tryEnter} asks.
   */
  boolean tryPick() {
    return tryPick(limit);
  }

  /**
   * As {@link #tryPick}, and asks the gates first, but in a panic.
   *
   * @return null if it is not taken
   */
  @Nullable Admission tryEnter(boolean isPanic) {
    Gates asked = isPanic ? null : gates;
    Gates.Pass pass = asked == null ? null : asked.tryEnter();
    if (asked != null && pass == null) {
      return null;
    }
    if (!tryPick(maxConcurrent)) {
      if (pass != null) {
        pass.neutral();
      }
      return null;
    }
    return new Admission(this, pass);
  }

  /** Why a pick would not take it, though it is eligible, for people; null if it would. */
  @Nullable String refusal(boolean isPanic) {
    String reason = refusalOfGates(isPanic);
    return reason == null && inFlight >= maxConcurrent ? maxConcurrent + " in flight" : reason;
  }

  @Nullable String refusalOfGates(boolean isPanic) {
    Gates asked = isPanic ? null : gates;
    return asked == null ? null : asked.refusal();
  }

  /**
   * What guards its gates: an object of ours, and not a lock that is held while a snapshot is
   * built. Nothing is called under it.
   */
  Object gatesLock() {
    return failures;
  }

  /** Under {@link #gatesLock} only. */
  void setGate(Block owners, @Nullable Gate gate) {
    Gates next = Gates.with(gates, owners, gate);
    gates = next; // first: who finds a limit of 0 asks them
    limit = next == null ? maxConcurrent : 0;
  }

  OutcomeWatch.Place<?> @Nullable [] places() {
    return places;
  }

  /** Under the balancer's change lock only. */
  void addPlace(OutcomeWatch.Place<?> place) {
    OutcomeWatch.Place<?>[] before = places;
    int n = before == null ? 0 : before.length;
    OutcomeWatch.Place<?>[] more =
        before == null ? new OutcomeWatch.Place<?>[1] : Arrays.copyOf(before, n + 1);
    more[n] = place;
    places = more;
  }

  /** Under the balancer's change lock only. */
  void removePlace(OutcomeWatch<?> watch) {
    OutcomeWatch.Place<?>[] before = places;
    if (before != null) {
      OutcomeWatch.Place<?>[] left =
          Arrays.stream(before)
              .filter(place -> place.watch() != watch)
              .toArray(OutcomeWatch.Place<?>[]::new);
      places = left.length == 0 ? null : left;
    }
  }

  private boolean tryPick(int most) {
    if (most == Integer.MAX_VALUE) {
      IN_FLIGHT.getAndAdd(this, 1);
    } else {
      int before;
      do {
        before = inFlight;
        if (before >= most) {
          return false;
        }
      } while (!IN_FLIGHT.compareAndSet(this, before, before + 1));
    }
    loadChanged(true);
    return true;
  }

  /** Under the balancer's change lock only. */
  Latency measure(NanoClock clock, boolean peaks) {
    Latency measured = latency;
    if (measured == null) {
      measured = new Latency(clock, peaks);
      latency = measured;
    }
    return measured;
  }

  /** Uses that have begun end without being measured. Under the balancer's change lock only. */
  void measureNoMore() {
    if (latency != null) {
      latency = null;
    }
  }

  @Nullable Latency latency() {
    return latency;
  }

  @Nullable LatencyWindows windows() {
    return windows;
  }

  /**
   * Counts a use that begins, and says when, for its outcome: 0 if nobody reads the latency, and no
   * clock is read.
   */
  long startOfUse() {
    Latency measured = latency;
    long start = measured != null ? measured.now() : windows == null ? 0 : windows.now();
    picks.increment(); // last: a user's clock may throw
    return start;
  }

  /** Says how long it took: −1 if nobody measures. */
  long succeeded(long startNanos) {
    successes.increment();
    long took = startNanos == 0 ? -1 : took(startNanos);
    OutcomeWatch.Place<?>[] hearing = places;
    if (hearing != null) {
      for (OutcomeWatch.Place<?> place : hearing) {
        place.success(took);
      }
    }
    return took;
  }

  private long took(long startNanos) {
    Latency measured = latency;
    if (windows == null) {
      return measured == null ? -1 : Math.max(0, measured.succeeded(startNanos));
    }
    long now = windows.now();
    windows.record(now - startNanos, now);
    if (measured != null) {
      measured.succeeded(startNanos, now);
    }
    return Math.max(0, now - startNanos);
  }

  FailureKind failed(long startNanos, Throwable cause) {
    FailureKind kind = FailureKind.of(cause);
    failures.getAndIncrement(kind.index());
    Latency measured = latency;
    if (startNanos != 0 && measured != null) {
      measured.failed(startNanos, cause);
    }
    OutcomeWatch.Place<?>[] hearing = places;
    if (hearing != null) {
      for (OutcomeWatch.Place<?> place : hearing) {
        place.failure(kind, cause);
      }
    }
    return kind;
  }

  /** A use ends of which nobody said how it went. */
  void endedWithoutAWord() {
    neutral.increment();
    OutcomeWatch.Place<?>[] hearing = places;
    if (hearing != null) {
      for (OutcomeWatch.Place<?> place : hearing) {
        place.neutral();
      }
    }
  }

  void released() {
    boolean idleNow = (int) IN_FLIGHT.getAndAdd(this, -1) == 1;
    loadChanged(false);
    if (idleNow) {
      completeIfIdle();
    }
  }

  /**
   * From now on this watch is told of its load, beside those that are told already. Under the
   * balancer's change lock only.
   *
   * <p>A thread that changes the load while this happens may miss the new watch, but its change is
   * older then than what the watch does next, which is to read the load itself.
   */
  void sit(LoadWatch watch, int leaf, Object build) {
    seats = new LoadWatch.Seat(watch, leaf, build, seats);
  }

  /** This build's snapshot is in force: watches of others are told no more. As {@link #sit}. */
  void keepSeatsOf(Object build) {
    LoadWatch.Seat all = seats;
    LoadWatch.Seat kept = LoadWatch.Seat.only(all, build, true);
    if (!Objects.equals(kept, all)) {
      seats = kept;
    }
  }

  /** This build's snapshot never comes into force. As {@link #sit}. */
  void leaveSeatsOf(Object build) {
    seats = LoadWatch.Seat.only(seats, build, false);
  }

  private void loadChanged(boolean isMore) {
    for (LoadWatch.Seat seat = seats; seat != null; seat = seat.before()) {
      if (isMore) {
        seat.watch().worsened(seat.leaf());
      } else {
        seat.watch().improved(seat.leaf());
      }
    }
  }

  /** Under the balancer's change lock only, as {@link #joinLine}. */
  boolean isInLine(Cursor turns) {
    return line == turns;
  }

  void joinLine(Cursor turns, long turn) {
    line = turns;
    lastTurn = turn;
  }

  long lastTurn() {
    return lastTurn;
  }

  /** Whether this turn is now its last: false if it had another one since that which was seen. */
  boolean takeTurn(long seen, long turn) {
    return LAST_TURN.compareAndSet(this, seen, turn);
  }

  /**
   * What is completed, with 0, once nothing is in flight; null for nothing any more. Under the
   * balancer's change lock only; {@link #completeIfIdle} is to follow outside of it.
   */
  void setIdle(@Nullable CompletableFuture<Integer> future) {
    idle = future;
  }

  @Nullable CompletableFuture<Integer> idle() {
    return idle;
  }

  /**
   * The waiter is written before the count is read here, and the count is lowered before the waiter
   * is read in {@link #released}: one of the two sees both.
   */
  void completeIfIdle() {
    CompletableFuture<Integer> waiter = idle;
    if (waiter != null && inFlight == 0) {
      waiter.complete(0);
    }
  }

  @Override
  public String toString() {
    return server + (blocks.isNone() ? "" : " " + blocks()) + " in flight " + inFlight;
  }
}
