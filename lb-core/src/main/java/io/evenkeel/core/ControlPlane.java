package io.evenkeel.core;

import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerRemoved;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.BalancerEvent.ServerUpdated;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where changes of a balancer are serialised: who its members are and what blocks
 * them. Each change works out the new state, builds a snapshot of it, swaps that in, and queues its
 * events; listeners hear of them after the lock is released. If a user's selector factory throws
 * meanwhile, nothing has changed. Picks read {@link #snapshot} and nothing else here.
 *
 * <p>Long because all of it is about the state under that one lock.
 */
final class ControlPlane {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** More changes at once than these are logged as one line. */
  private static final int LOGGED_ONE_BY_ONE = 10;

  private final Snapshot.Recipe recipe;
  private final EventQueue events = new EventQueue();

  /** Serialises changes. Never held while listeners run. */
  private final ReentrantLock changes = new ReentrantLock();

  /** Guarded by {@link #changes}. */
  private Map<String, Node> members = new LinkedHashMap<>();

  /** Guarded by {@link #changes}. */
  private final Map<Block, BlockOwner> owners = new EnumMap<>(Block.class);

  private volatile Runnable slowStartListener = () -> {};

  /** Guarded by {@link #changes}. */
  private final Totals.Departed departed = new Totals.Departed();

  /** Changed under {@link #changes}. */
  private final Warnings warnings;

  /** When this was made, on the balancer's clock. */
  private final long originNanos;

  /** Null if nodes record no latencies. */
  private final LatencyWindows.@Nullable Timing recording;

  /** Written under {@link #changes}, read by every pick. */
  private volatile Snapshot snapshot;

  /**
   * The servers' ids are unique.
   *
   * @param windowNanos of how long a time latencies are recorded; 0 for none
   */
  ControlPlane(Snapshot.Recipe recipe, List<Server> servers, long windowNanos) {
    this.recipe = recipe;
    this.originNanos = now();
    this.recording =
        windowNanos == 0
            ? null
            : new LatencyWindows.Timing(recipe.environment().clock(), originNanos, windowNanos);
    for (Server server : servers) {
      members.put(server.id(), new Node(server, recording));
    }
    this.snapshot = Snapshot.of(members.values(), recipe, null);
    snapshot.startNodes();
    this.warnings = new Warnings(recipe, events);
    warnings.check(members.values());
    events.deliver(); // what is to be logged: there is no listener yet
  }

  /**
   * What is told when a slow start is under way, each time; it is to see that {@link #refresh} is
   * called some time later. Called outside the lock.
   */
  void onSlowStart(Runnable listener) {
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
    return recipe.environment().clock().nanoTime();
  }

  Snapshot snapshot() {
    return snapshot;
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

  Explanation explain(Query query, int maxConcurrent) {
    return Explainer.explain(snapshot, query, maxConcurrent, now());
  }

  void add(Server server) {
    change(
        () -> {
          if (members.containsKey(server.id())) {
            throw duplicate(server);
          }
          return replaceMembers(with(server));
        });
  }

  boolean remove(String serverId) {
    return change(
        () -> {
          Map<String, Server> next = serversById();
          return next.remove(serverId) != null && replaceMembers(next);
        });
  }

  boolean update(Server server) {
    return change(
        () -> {
          requireMember(server.id());
          return replaceMembers(with(server));
        });
  }

  boolean replace(Map<String, Server> servers) {
    return change(() -> replaceMembers(servers));
  }

  /** If they are wanted still when all changes before this one are made. */
  boolean replaceIf(BooleanSupplier wanted, Map<String, Server> servers) {
    return change(() -> wanted.getAsBoolean() && replaceMembers(servers));
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

  boolean changeBlock(BlockOwner owner, String serverId, boolean set, String cause) {
    Objects.requireNonNull(serverId, "serverId");
    Objects.requireNonNull(cause, "cause");
    return change(
        () -> {
          requireOpen(owner);
          Node node = members.get(serverId);
          return node != null && publishBlocks(List.of(node), List.of(owner.block()), set, cause);
        });
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
      throw new IllegalStateException("block: " + owner.block() + ": its owner is closed");
    }
  }

  void release(BlockOwner owner) {
    Block block = owner.block();
    change(
        () -> {
          if (owners.get(block) != owner) {
            return false;
          }
          boolean unused =
              publishBlocks(members.values(), List.of(block), false, "nobody watches it any more");
          owners.remove(block);
          warnings.withdrawAll(owner);
          return true;
        });
  }

  /** Under the change lock. */
  private Map<String, Server> serversById() {
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
   * Makes these the members, under the change lock. Who stays keeps their place, since a list that
   * comes in another order each time, as from DNS, must not shuffle a rotation. If the selector's
   * factory throws, nothing has changed.
   */
  private boolean replaceMembers(Map<String, Server> servers) {
    Map<String, Node> next = new LinkedHashMap<>(servers.size() * 2);
    List<BalancerEvent> news = new ArrayList<>();
    List<Node> removed = new ArrayList<>();
    Map<Node, Server> before = new LinkedHashMap<>();
    Map<Node, Server> after = new LinkedHashMap<>();
    for (Node node : members.values()) {
      Server was = node.server();
      Server now = servers.get(was.id());
      if (now == null) {
        news.add(new ServerRemoved(was));
        removed.add(node);
        continue;
      }
      next.put(now.id(), node);
      if (!now.equals(was)) {
        before.put(node, was);
        after.put(node, now);
        news.add(new ServerUpdated(now, was));
      }
    }
    for (Server server : servers.values()) {
      if (!next.containsKey(server.id())) {
        next.put(server.id(), new Node(server, recording));
        news.add(new ServerAdded(server));
      }
    }
    if (news.isEmpty()) {
      return false;
    }
    after.forEach(Node::setServer);
    Snapshot built;
    try {
      built = Snapshot.of(next.values(), recipe, snapshot);
    } catch (Throwable e) {
      before.forEach(Node::setServer);
      throw e;
    }
    removed.forEach(Node::setRemoved);
    publish(built);
    members = next;
    departed.add(removed);
    events.log(() -> logNews(news));
    news.forEach(events::add);
    warnings.check(next.values());
    return true;
  }

  private static void logNews(List<BalancerEvent> news) {
    if (news.size() > LOGGED_ONE_BY_ONE) {
      log.info("servers: {} changes in one update", news.size());
      return;
    }
    for (BalancerEvent event : news) {
      if (event instanceof ServerUpdated updated) {
        log.info("{}: updated, was {}", updated.server(), updated.before());
      } else {
        log.info("{}: {}", event.server(), event instanceof ServerAdded ? "added" : "removed");
      }
    }
  }

  /** The one place where changes are serialised; events go out after the lock is released. */
  private boolean change(BooleanSupplier body) {
    if (changes.isHeldByCurrentThread()) {
      // The outer change, worked out before this one, would overwrite it.
      throw new IllegalStateException(
          "a selector's factory must not change the balancer that it builds for");
    }
    changes.lock();
    try {
      return body.getAsBoolean();
    } finally {
      changes.unlock();
      if (snapshot.isAnyStarting()) {
        slowStartListener.run();
      }
      events.deliver();
    }
  }

  private record Flip(Node node, Block block) {}

  /**
   * Sets or clears blocks of these members, under the change lock, in one change. If the selector's
   * factory throws, nothing has changed.
   */
  private boolean publishBlocks(
      Collection<Node> nodes, List<Block> blocks, boolean set, String cause) {
    List<Flip> flips = new ArrayList<>();
    for (Node node : nodes) {
      for (Block block : blocks) {
        if (node.has(block) != set) {
          flips.add(new Flip(node, block));
        }
      }
    }
    if (flips.isEmpty()) {
      return false;
    }
    Blocks.Mark mark = new Blocks.Mark(now(), cause);
    Map<Node, Blocks> before = new LinkedHashMap<>();
    for (Flip flip : flips) {
      Node node = flip.node;
      before.putIfAbsent(node, node.blocked());
      node.setBlocks(
          set ? node.blocked().with(flip.block, mark) : node.blocked().without(flip.block));
    }
    Snapshot next;
    try {
      next = Snapshot.of(members.values(), recipe, snapshot);
    } catch (Throwable e) {
      before.forEach(Node::setBlocks);
      throw e;
    }
    events.log(() -> logFlips(flips, set, cause));
    publish(next);
    // Only now: another thread may be delivering, and takes an event as soon as it is there.
    for (Flip flip : flips) {
      Server server = flip.node.server();
      events.add(
          set
              ? new ServerBlocked(server, flip.block, cause)
              : new ServerUnblocked(server, flip.block, cause));
    }
    return true;
  }

  private static void logFlips(List<Flip> flips, boolean set, String cause) {
    String what = set ? "set" : "cleared";
    if (flips.size() > LOGGED_ONE_BY_ONE) {
      log.info("{} blocks of {} {} ({})", flips.size(), flips.get(0).block, what, cause);
      return;
    }
    for (Flip flip : flips) {
      log.info("{}: {} {} ({})", flip.node.server(), flip.block, what, cause);
    }
  }

  /** Swaps the snapshot; only the two ends of an outage and of a panic are logged above INFO. */
  private void publish(Snapshot next) {
    Snapshot before = snapshot;
    next.startNodes();
    snapshot = next;
    next.replaceWatches(before);
    events.log(() -> logSwap(before, next));
  }

  private static void logSwap(Snapshot before, Snapshot next) {
    int now = next.eligibleCount();
    if (next.isPanicking() && !before.isPanicking()) {
      log.warn("panic: too few servers are healthy, so health is not asked; {} in use", now);
    } else if (before.isPanicking() && !next.isPanicking()) {
      log.info("panic is over: {} of {} servers in use", now, next.members().size());
    } else if (before.eligibleCount() > 0 && now == 0) {
      log.warn("{}", next.whyNot(Query.any()));
    } else if (before.eligibleCount() == 0 && now > 0 && !before.members().isEmpty()) {
      log.info("{} of {} servers available again", now, next.members().size());
    }
  }

  /** In their order. */
  static Map<String, Server> byUniqueId(Collection<Server> servers) {
    Map<String, Server> byId = new LinkedHashMap<>(servers.size() * 2);
    for (Server server : servers) {
      Server.require(server);
      if (byId.putIfAbsent(server.id(), server) != null) {
        throw duplicate(server);
      }
    }
    return byId;
  }

  static IllegalArgumentException duplicate(Server server) {
    return new IllegalArgumentException(
        "id: '" + server.id() + "' is there already (expected: unique ids)");
  }
}
