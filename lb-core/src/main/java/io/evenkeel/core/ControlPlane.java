package io.evenkeel.core;

import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where changes of a balancer are serialised: who its members are, what blocks them,
 * how they are picked, and what source is followed. Each change works out the new state, builds a
 * snapshot of it, swaps that in, and queues its events; listeners hear of them after the lock is
 * released. If a user's selector factory throws meanwhile, nothing has changed, but that an owner
 * of a block who closes is let go. Picks read {@link #snapshot} and nothing else here.
 *
 * <p>Long because all of it is about the state under that one lock.
 */
final class ControlPlane {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private static final String UNWATCHED = "nobody watches it any more";

  private static final AtomicLong NUMBERS = new AtomicLong();

  /** In whose order the locks of several are taken. */
  private final long number = NUMBERS.getAndIncrement();

  private final NanoClock clock;
  private final EventQueue events = new EventQueue();

  /** Serialises changes. Never held while listeners run. */
  private final ReentrantLock changes = new ReentrantLock();

  /** Guarded by {@link #changes}. */
  private Map<String, Node> members = new LinkedHashMap<>();

  /** Guarded by {@link #changes}. */
  private final Map<Block, BlockOwner> owners = new EnumMap<>(Block.class);

  private volatile LongConsumer slowStartListener = step -> {};

  /** What snapshots are made with. Written under {@link #changes}, read by anyone. */
  private volatile Snapshot.Recipe recipe;

  private final FollowedSource source = new FollowedSource();

  /** Guarded by {@link #changes}. */
  private final Totals.Departed departed = new Totals.Departed();

  /** Changed under {@link #changes}. */
  private final Warnings warnings;

  /** When this was made, on the balancer's clock. */
  private final long originNanos;

  /** Null if nodes record no latencies. */
  private final LatencyWindows.@Nullable Timing recording;

  /** Guarded by {@link #changes}. */
  private final OutcomeWatches watches = new OutcomeWatches();

  /** Written under {@link #changes}, read by every pick. */
  private volatile Snapshot snapshot;

  /**
   * The servers' ids are unique.
   *
   * @param windowNanos of how long a time latencies are recorded; 0 for none
   */
  ControlPlane(Snapshot.Recipe recipe, List<Server> servers, long windowNanos) {
    this.recipe = recipe;
    this.clock = recipe.environment().clock();
    this.originNanos = now();
    this.recording =
        windowNanos == 0 ? null : new LatencyWindows.Timing(clock, originNanos, windowNanos);
    for (Server server : servers) {
      Node node = newNode(server);
      node.limitTo(recipe.maxConcurrent());
      members.put(server.id(), node);
    }
    this.snapshot = Snapshot.of(members.values(), recipe, null);
    snapshot.startNodes();
    this.warnings = new Warnings(events);
    warnings.check(members.values(), recipe);
    events.deliver(); // what is to be logged: there is no listener yet
  }

  /**
   * What is told when a slow start is under way, each time; it is to see that {@link #refresh} is
   * called so many nanoseconds later. Called outside the lock.
   */
  void onSlowStart(LongConsumer listener) {
    slowStartListener = listener;
  }

  /** Works everything out again, as time has passed. */
  void refresh() {
    boolean unused =
        change(
            () -> {
              publish(Snapshot.of(members.values(), recipe, snapshot));
              return true;
            });
  }

  /** On the balancer's clock. */
  private long now() {
    return clock.nanoTime();
  }

  long number() {
    return number;
  }

  Snapshot snapshot() {
    return snapshot;
  }

  Snapshot.Recipe recipe() {
    return recipe;
  }

  BalancerSettings settings() {
    return recipe.settings();
  }

  EventQueue events() {
    return events;
  }

  List<Warning> warnings() {
    return warnings.current();
  }

  /** The lock is held for as long as it takes to see who is a member and who has left. */
  BalancerStats stats(long refused) {
    Snapshot members;
    Totals left;
    changes.lock();
    try {
      members = snapshot;
      left = departed.totals();
    } finally {
      changes.unlock();
    }
    return BalancerStats.of(members, left, refused, originNanos, now());
  }

  Explanation explain(Query query) {
    return Explainer.explain(snapshot, query, now());
  }

  /** With a listener of each who watches outcomes; under the change lock. */
  private Node newNode(Server server) {
    Node node = new Node(server, recording, Integer.MAX_VALUE);
    watches.join(node);
    return node;
  }

  <L extends OutcomeListener> OutcomeWatch<L> watch(Function<? super Node, ? extends L> factory) {
    changes.lock();
    try {
      return watches.add(this, members.values(), factory);
    } finally {
      changes.unlock();
    }
  }

  void unwatch(OutcomeWatch<?> watch) {
    changes.lock();
    try {
      watches.remove(watch, members.values());
    } finally {
      changes.unlock();
    }
  }

  void add(Server server) {
    change(
        () -> {
          if (members.containsKey(server.id())) {
            throw MemberDiff.duplicate(server);
          }
          return make(with(server), recipe);
        });
  }

  boolean remove(String serverId) {
    return change(
        () -> {
          Map<String, Server> next = serversById();
          return next.remove(serverId) != null && make(next, recipe);
        });
  }

  boolean update(Server server) {
    return change(
        () -> {
          requireMember(server.id());
          return make(with(server), recipe);
        });
  }

  boolean replace(Map<String, Server> servers) {
    return change(() -> make(servers, recipe));
  }

  /** If they are wanted still when all changes before this one are made. */
  boolean replaceIf(BooleanSupplier wanted, Map<String, Server> servers) {
    return change(() -> wanted.getAsBoolean() && make(servers, recipe));
  }

  /** One of the operator's own blocks. */
  boolean setBlock(String serverId, Block block, String cause) {
    return change(
        () -> publishBlocks(List.of(requireMember(serverId)), List.of(block), true, cause));
  }

  /** Outside the lock, {@code completeIfIdle} is to follow: what it completes is users' code. */
  Node drain(String serverId, String cause, CompletableFuture<Integer> done) {
    Node[] drained = new Node[1];
    change(
        () -> {
          Node node = requireMember(serverId);
          drained[0] = node;
          boolean changed = publishBlocks(List.of(node), List.of(Block.DRAINING), true, cause);
          CompletableFuture<Integer> idle = node.idle();
          if (idle == null) {
            idle = new CompletableFuture<>();
            node.setIdle(idle);
          }
          CompletableFuture<Integer> unused =
              idle.whenComplete(
                  (none, cancelled) -> {
                    if (cancelled == null) {
                      done.complete(none);
                    } else {
                      done.completeExceptionally(cancelled);
                    }
                  });
          return changed;
        });
    return drained[0];
  }

  /**
   * Of a server that does neither: nothing. Who waits for the drain to end hears that it will not.
   */
  boolean resume(String serverId, String cause) {
    AtomicReference<@Nullable CompletableFuture<Integer>> waiter = new AtomicReference<>();
    AtomicReference<@Nullable Node> resumed = new AtomicReference<>();
    boolean changed;
    try {
      changed =
          change(
              () -> {
                Node node = requireMember(serverId);
                resumed.set(node);
                // Before leases can be taken again: their end is not the end of the drain.
                CompletableFuture<Integer> idle = node.idle();
                node.setIdle(null);
                try {
                  List<Block> both = List.of(Block.DRAINING, Block.MAINTENANCE);
                  boolean published = publishBlocks(List.of(node), both, false, cause);
                  waiter.set(idle);
                  return published;
                } catch (Throwable e) {
                  node.setIdle(idle);
                  throw e;
                }
              });
    } finally {
      Node node = resumed.get();
      if (node != null) {
        node.completeIfIdle(); // where it drains on, and became idle meanwhile
      }
    }
    CompletableFuture<Integer> idle = waiter.get();
    if (idle != null) {
      idle.completeExceptionally(new CancellationException("resumed: " + serverId));
    }
    return changed;
  }

  BlockOwner claim(Block block) {
    changes.lock();
    try {
      if (owners.containsKey(block)) {
        throw new IllegalStateException("block: " + block + " has an owner in this balancer");
      }
      BlockOwner owner = new BlockOwner(this, block);
      owners.put(block, owner);
      return owner;
    } finally {
      changes.unlock();
    }
  }

  /** How many of them changed anything. Of who is not a member: nothing. */
  int change(BlockOwner owner, Collection<BlockOwner.Change> wanted) {
    List<BlockOwner.Change> all = List.copyOf(wanted);
    int[] changed = {0};
    boolean unused =
        change(
            () -> {
              requireOpen(owner);
              BlockBatch batch = new BlockBatch(clock);
              for (BlockOwner.Change one : all) {
                Node node = members.get(one.serverId());
                if (node != null) {
                  batch.make(one, node, owner.block());
                }
              }
              changed[0] = batch.news().size();
              return publish(batch);
            });
    return changed[0];
  }

  void warn(BlockOwner owner, Warning warning) {
    boolean unused =
        change(
            () -> {
              requireOpen(owner);
              warnings.put(owner, warning);
              return true;
            });
  }

  void withdraw(BlockOwner owner, String name) {
    boolean unused =
        change(
            () -> {
              requireOpen(owner);
              warnings.withdraw(owner, name);
              return true;
            });
  }

  /** Under the change lock. */
  private void requireOpen(BlockOwner owner) {
    if (owners.get(owner.block()) != owner) {
      throw owner.closed();
    }
  }

  /** Whatever a selector's factory throws meanwhile, the owner is one no more. */
  void release(BlockOwner owner) {
    Block block = owner.block();
    change(
        () -> {
          if (owners.get(block) != owner) {
            return false;
          }
          BlockBatch batch = cleared(block);
          int count = batch.news().size();
          try {
            boolean unused =
                count > ChangeLog.ONE_BY_ONE
                    ? publish(batch, () -> log.info("{} changes: {} {}", count, block, UNWATCHED))
                    : publish(batch);
          } catch (Throwable e) {
            BlockBatch unused = cleared(block); // nobody could later: it is for the next snapshot
            throw e;
          } finally {
            owners.remove(block);
            warnings.withdrawAll(owner);
            owner.closeGates(members.values());
          }
          return true;
        });
  }

  /** All of this kind taken off the nodes, under the change lock. */
  private BlockBatch cleared(Block block) {
    BlockBatch batch = new BlockBatch(clock);
    for (Node node : members.values()) {
      batch.block(node, block, false, UNWATCHED);
      if (block == BlockOwner.WEIGHS) {
        batch.weigh(node, 100, UNWATCHED);
      }
    }
    return batch;
  }

  /** Under the change lock. */
  Map<String, Server> serversById() {
    Map<String, Server> servers = new LinkedHashMap<>(members.size() * 2);
    members.forEach((id, node) -> servers.put(id, node.server()));
    return servers;
  }

  /**
   * Under the change lock: the members, with this one in the place of the one of its id, or last.
   */
  private Map<String, Server> with(Server server) {
    Map<String, Server> servers = serversById();
    servers.put(server.id(), server);
    return servers;
  }

  private Node requireMember(String serverId) {
    Node node = members.get(Objects.requireNonNull(serverId, "serverId"));
    if (node == null) {
      throw new IllegalArgumentException("server: '" + serverId + "' is not a member");
    }
    return node;
  }

  /**
   * Makes these the members, and works by these settings, under the change lock. If the selector's
   * factory throws, nothing has changed.
   */
  private boolean make(Map<String, Server> servers, Snapshot.Recipe next) {
    Staged staged = stage(servers, next);
    staged.commit();
    return staged.isNews();
  }

  /**
   * Works out what these members and settings bring. Under the change lock, which is to be held
   * until that is committed or given back.
   */
  Staged stage(Map<String, Server> servers, Snapshot.Recipe next) {
    MemberDiff diff = new MemberDiff(members, servers, this::newNode);
    if (diff.news().isEmpty() && next.equals(recipe)) {
      return new Staged(diff, next, null);
    }
    diff.take();
    try {
      return new Staged(diff, next, Snapshot.of(diff.next().values(), next, snapshot));
    } catch (Throwable e) {
      diff.giveBack();
      throw e;
    }
  }

  /** What is to be, worked out; under the change lock all the while. */
  final class Staged {
    private final MemberDiff diff;
    private final Snapshot.Recipe next;

    /** Null if nothing is new. */
    private final @Nullable Snapshot built;

    private Staged(MemberDiff diff, Snapshot.Recipe next, @Nullable Snapshot built) {
      this.diff = diff;
      this.next = next;
      this.built = built;
    }

    boolean isNews() {
      return built != null;
    }

    /** It will not be. */
    void giveBack() {
      diff.giveBack();
      if (built != null) {
        built.discard();
      }
    }

    void commit() {
      if (built == null) {
        return;
      }
      Snapshot.Recipe before = recipe;
      diff.removed().forEach(Node::setRemoved);
      diff.next().values().forEach(node -> node.limitTo(next.maxConcurrent()));
      recipe = next;
      publish(built);
      members = diff.next();
      departed.add(diff.removed());
      events.log(() -> ChangeLog.settings(before.settings(), next.settings()));
      events.log(() -> ChangeLog.news(diff.news()));
      diff.news().forEach(events::add);
      warnings.check(members.values(), next);
    }
  }

  FollowedSource source() {
    return source;
  }

  /** From the beginning. */
  void follow(Discovery first) {
    changes.lock();
    try {
      Discovery unused = source.replace(first);
    } finally {
      changes.unlock();
    }
  }

  /** There will be no other source. The one that is to be closed; null if there is none. */
  @Nullable Discovery followNoMore() {
    changes.lock();
    try {
      return source.close();
    } finally {
      changes.unlock();
    }
  }

  /** Nearly all changes go through here; those of several balancers through {@link ChangePart}. */
  private boolean change(BooleanSupplier body) {
    lock();
    try {
      return body.getAsBoolean();
    } finally {
      unlock();
      tell();
    }
  }

  /** The one lock by which changes are serialised. */
  void lock() {
    if (changes.isHeldByCurrentThread()) {
      // The outer change, worked out before this one, would overwrite it.
      throw new IllegalStateException(
          "a selector's factory must not change the balancer that it builds for");
    }
    changes.lock();
  }

  void unlock() {
    changes.unlock();
  }

  /** What is to follow each change, when no lock is held any more. */
  void tell() {
    if (snapshot.isAnyStarting()) {
      slowStartListener.accept(recipe.slowStart().stepNanos());
    }
    events.deliver();
  }

  /** Sets or clears blocks of these members, under the change lock, in one change. */
  private boolean publishBlocks(
      Collection<Node> nodes, List<Block> blocks, boolean set, String cause) {
    BlockBatch batch = new BlockBatch(clock);
    for (Node node : nodes) {
      for (Block block : blocks) {
        batch.block(node, block, set, cause);
      }
    }
    return publish(batch);
  }

  /** In force with the snapshot; under the change lock. False if there is nothing in it. */
  private boolean publish(BlockBatch batch) {
    return publish(batch, () -> batch.news().forEach(ChangeLog::flip));
  }

  private boolean publish(BlockBatch batch, EventQueue.Line line) {
    if (batch.news().isEmpty()) {
      return false;
    }
    Snapshot next;
    try {
      next = Snapshot.of(members.values(), recipe, snapshot);
    } catch (Throwable e) {
      batch.giveBack();
      throw e;
    }
    events.log(line);
    publish(next);
    // Only now: another thread may be delivering, and takes an event as soon as it is there.
    batch.news().forEach(events::add);
    return true;
  }

  /** Swaps the snapshot; only the two ends of an outage and of a panic are logged above INFO. */
  private void publish(Snapshot next) {
    Snapshot before = snapshot;
    next.startNodes();
    snapshot = next;
    next.replaceWatches(before);
    events.log(() -> ChangeLog.swap(before, next));
  }
}
