package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerListener;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.NanoClock;
import io.evenkeel.proxy.PauseReason;
import io.evenkeel.proxy.ProxyEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The last {@value #REMEMBERED} things that happened to the balancers and listeners of an {@link
 * Inventory}: what its servers went through, what listeners said, what operators changed. Safe for
 * use by any thread.
 *
 * <p>Balancers are listened to as soon as they are in the inventory. A proxy says what happens to
 * it only to whom its builder was given:
 *
 * <pre>{@code
 * TcpProxy.builder(balancer).onEvent(inventory.events().listener("web"))
 * }</pre>
 *
 * <p>Whoever writes never waits for who reads: an entry goes into a ring, under a lock that nobody
 * holds for longer than it takes to copy the ring. Readers keep the number of the last entry that
 * they have seen and ask for those after it, or wait for one; there is nothing to subscribe to and
 * nothing that could grow. Who comes back after more than {@value #REMEMBERED} entries misses the
 * oldest.
 */
public final class EventLog {

  static final int REMEMBERED = 1_000;

  /** What an entry is about. */
  enum Type {
    SERVER,
    LISTENER,
    CHANGE;

    /** As in the API. */
    String text() {
      return switch (this) {
        case SERVER -> "server";
        case LISTENER -> "listener";
        case CHANGE -> "change";
      };
    }
  }

  /**
   * One thing that happened.
   *
   * @param seq larger than those of all before, also of the process before this one
   * @param subject the name of the balancer or the listener, or who made the change
   * @param what the kind of event, one word; empty for a change
   * @param server the server's id, for a {@link Type#SERVER}
   * @param text what happened, for people
   */
  record Entry(
      long seq,
      Instant time,
      Type type,
      String subject,
      String what,
      @Nullable String server,
      String text) {

    /** As the API shows it. */
    ObjectNode json() {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("seq", seq).put("time", time.toString()).put("type", type.text());
      switch (type) {
        case SERVER -> json.put("balancer", subject).put("what", what).put("server", server);
        case LISTENER -> json.put("listener", subject).put("what", what);
        default -> json.put("who", subject); // CHANGE
      }
      return json.put("text", text);
    }

    /** As a Server-Sent Event, its empty line included. */
    String serverSentEvent() {
      return "event: " + type.text() + "\nid: " + seq + "\ndata: " + json() + "\n\n";
    }
  }

  /**
   * What a listener has said of itself.
   *
   * @param status {@code listening}, {@code draining} or {@code stopped}
   * @param paused why it takes nobody in just now; empty if it does
   */
  record ListenerState(String status, Set<PauseReason> paused) {
    static final ListenerState LISTENING = new ListenerState("listening", Set.of());

    ListenerState {
      paused = Collections.unmodifiableSet(copy(paused));
    }

    private static Set<PauseReason> copy(Set<PauseReason> paused) {
      Set<PauseReason> copy = EnumSet.noneOf(PauseReason.class);
      copy.addAll(paused);
      return copy;
    }

    ListenerState with(PauseReason reason, boolean isPaused) {
      Set<PauseReason> now = copy(paused);
      if (isPaused) {
        now.add(reason);
      } else {
        now.remove(reason);
      }
      return new ListenerState(status, now);
    }
  }

  /**
   * How reloading the configuration went so far.
   *
   * @param successes how often it was in force afterwards
   * @param failures how often it was not
   * @param lastFailed whether the last one was not
   * @param lastSuccess when the last one was; null if none was yet
   */
  record Reloads(long successes, long failures, boolean lastFailed, @Nullable Instant lastSuccess) {
    static final Reloads NONE = new Reloads(0, 0, false, null);
  }

  private final NanoClock clock;
  private final InstantSource wallClock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition more = lock.newCondition();

  // Guarded by the lock: the entry of number n is in place n mod the ring's length.
  private final @Nullable Entry[] ring = new Entry[REMEMBERED];
  private final long firstSeq;
  private long nextSeq;
  private Reloads reloads = Reloads.NONE;

  /** By the balancers' names. Guarded by itself; changed by the inventory. */
  private final Map<String, Attachment> attachments = new HashMap<>();

  private final Map<String, ListenerState> listeners = new ConcurrentHashMap<>();

  EventLog(NanoClock clock, InstantSource wallClock) {
    this.clock = clock;
    this.wallClock = wallClock;
    // So that a reader of the process before this one, who says where it was, misses nothing of
    // this one, unless that one had more than 1,000 entries a second. Exact in JavaScript, too.
    this.firstSeq = wallClock.millis();
    this.nextSeq = firstSeq;
  }

  /**
   * Writes down that somebody changed something. In one line each, and cut where they are long.
   *
   * @param who by name and address, as the log has them
   * @param text what, in a few words
   */
  public void change(String who, String text) {
    add(Type.CHANGE, LogText.clean(who), "", null, LogText.clean(text));
  }

  /**
   * Writes down that the configuration was read again: for the metrics, too.
   *
   * @param succeeded whether it is in force now
   * @param text what changed, or why it could not be, in a few words
   */
  public void reload(String who, boolean succeeded, String text) {
    lock.lock();
    try {
      reloads =
          new Reloads(
              reloads.successes + (succeeded ? 1 : 0),
              reloads.failures + (succeeded ? 0 : 1),
              !succeeded,
              succeeded ? wallClock.instant() : reloads.lastSuccess);
    } finally {
      lock.unlock();
    }
    change(who, (succeeded ? "reloaded: " : "reload failed: ") + text);
  }

  /** Who writes down what the proxy of a listener says: see {@link EventLog}. */
  public Consumer<ProxyEvent> listener(String name) {
    Objects.requireNonNull(name, "name");
    return event -> onEvent(name, event);
  }

  private void onEvent(String name, ProxyEvent event) {
    listeners.merge(
        name,
        EventText.state(ListenerState.LISTENING, event),
        (before, fresh) -> EventText.state(before, event));
    add(Type.LISTENER, name, EventText.what(event), null, EventText.sentence(name, event));
  }

  private void add(Type type, String subject, String what, @Nullable String server, String text) {
    Instant now = wallClock.instant();
    lock.lock();
    try {
      ring[place(nextSeq)] = new Entry(nextSeq, now, type, subject, what, server, text);
      nextSeq++;
      more.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static int place(long seq) {
    return (int) Long.remainderUnsigned(seq, REMEMBERED);
  }

  /** The number of the last entry; one less than that of the first to come, if there is none. */
  long lastSeq() {
    lock.lock();
    try {
      return nextSeq - 1;
    } finally {
      lock.unlock();
    }
  }

  /**
   * All entries that are remembered and come after this number, oldest first: everything for a
   * number that is none of this log's, as 0.
   */
  List<Entry> after(long seq) {
    lock.lock();
    try {
      return copyAfter(seq);
    } finally {
      lock.unlock();
    }
  }

  /**
   * As {@link #after}, but if this is the number of the last entry, waits for the next one.
   *
   * @param atMost for so long: then the list is empty
   * @throws InterruptedException if the thread is interrupted while it waits
   */
  List<Entry> await(long seq, Duration atMost) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = atMost.toNanos();
      while (nextSeq - 1 == seq && left > 0) {
        left = more.awaitNanos(left);
      }
      return copyAfter(seq);
    } finally {
      lock.unlock();
    }
  }

  private List<Entry> copyAfter(long seq) {
    long oldest = Math.max(firstSeq, nextSeq - REMEMBERED);
    long from = seq < oldest || seq >= nextSeq ? oldest : seq + 1;
    List<Entry> entries = new ArrayList<>();
    for (long i = from; i < nextSeq; i++) {
      entries.add(Objects.requireNonNull(ring[place(i)]));
    }
    return entries;
  }

  Reloads reloads() {
    lock.lock();
    try {
      return reloads;
    } finally {
      lock.unlock();
    }
  }

  /** What a listener has said of itself; that it listens, if nothing. */
  ListenerState listenerState(String name) {
    return listeners.getOrDefault(name, ListenerState.LISTENING);
  }

  /** That listener is in the inventory no more. */
  void forgetListener(String name) {
    listeners.remove(name);
  }

  /** Listens to this balancer, and no more to another one of that name. */
  void attach(String name, LoadBalancer balancer) {
    synchronized (attachments) {
      Attachment before = attachments.get(name);
      if (before == null || before.balancer != balancer) {
        Attachment attachment = new Attachment(name, balancer);
        attachments.put(name, attachment);
        balancer.addListener(attachment);
        if (before != null) {
          before.balancer.removeListener(before);
        }
      }
    }
  }

  /** Listens to the balancer of that name no more, if there is one. */
  void detach(String name) {
    synchronized (attachments) {
      Attachment attachment = attachments.remove(name);
      if (attachment != null) {
        attachment.balancer.removeListener(attachment);
      }
    }
  }

  /**
   * When a server was last blocked, unblocked or added, on the inventory's clock; null if never
   * since it is listened to.
   */
  @Nullable Long changedNanos(String balancer, String serverId) {
    Attachment attachment;
    synchronized (attachments) {
      attachment = attachments.get(balancer);
    }
    return attachment == null ? null : attachment.changed.get(serverId);
  }

  /** The log's ear at one balancer. */
  private final class Attachment implements BalancerListener {
    private final String name;
    private final LoadBalancer balancer;

    /** By the ids of members, those of which something was heard. */
    private final Map<String, Long> changed = new ConcurrentHashMap<>();

    Attachment(String name, LoadBalancer balancer) {
      this.name = name;
      this.balancer = balancer;
    }

    @Override
    public void onEvent(BalancerEvent event) {
      String id = event.server().id();
      if (event instanceof BalancerEvent.ServerRemoved) {
        changed.remove(id);
      } else if (EventText.changesState(event)) {
        changed.put(id, clock.nanoTime());
      }
      add(Type.SERVER, name, EventText.what(event), id, EventText.sentence(event));
    }
  }
}
