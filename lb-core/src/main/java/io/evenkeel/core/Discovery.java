package io.evenkeel.core;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One balancer's source at work: checks what it hands over, makes good lists the members, and keeps
 * the last good one whatever else comes. Holds no lock while members change, since listeners run at
 * the end of a change.
 */
final class Discovery implements ServerSource.Sink {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** So many different failures are told in a row; more are noise. */
  private static final int TOLD_AT_MOST = 16;

  private final ControlPlane control;
  private final ServerSource source;
  private final boolean allowEmpty;
  private final CompletableFuture<@Nullable Void> ready = new CompletableFuture<>();
  private final AtomicReference<@Nullable AutoCloseable> running = new AtomicReference<>();

  /** The failures since the last good list that were logged. Guarded by itself. */
  private final Set<String> told = new HashSet<>();

  /** Whether lists wait until the balancer follows this. Guarded by this. */
  private boolean isHeld;

  /** The last good list meanwhile. Guarded by this. */
  private @Nullable Map<String, Server> heldList;

  /** How many that list had when it became the members; null if there was none. */
  private volatile @Nullable Integer firstCount;

  private volatile boolean closed;
  private volatile boolean answered;
  private volatile @Nullable String lastFailure;

  Discovery(ControlPlane control, ServerSource source, boolean allowEmpty) {
    this.control = control;
    this.source = source;
    this.allowEmpty = allowEmpty;
  }

  /** One whose lists wait for {@link #release}. */
  static Discovery held(ControlPlane control, ServerSource source, boolean allowEmpty) {
    Discovery discovery = new Discovery(control, source, allowEmpty);
    synchronized (discovery) {
      discovery.isHeld = true;
    }
    return discovery;
  }

  boolean isOf(@Nullable ServerSource other) {
    return source.equals(other);
  }

  /**
   * Its lists wait no longer. Under the balancer's change lock, so that none overtakes the one that
   * this returns.
   *
   * @return the one that is to be made the members; null if there is none yet
   */
  synchronized @Nullable Map<String, Server> release() {
    Map<String, Server> list = heldList;
    isHeld = false;
    heldList = null;
    firstCount = list == null ? null : list.size();
    return list;
  }

  /** The list that {@link #release} returned is in force, if there was one. */
  void isFollowed() {
    Integer count = firstCount;
    if (count != null && !closed) {
      answered(count);
    }
  }

  private synchronized boolean isKept(Map<String, Server> list) {
    if (isHeld) {
      heldList = list;
    }
    return isHeld;
  }

  /** Throws what the source throws; nothing is left of it then, if it is well-behaved. */
  void start() {
    AutoCloseable started = source.start(this);
    if (started == null) { // a user's source may not have been checked for nullness
      throw new NullPointerException("source: " + source + " returned null from start");
    }
    running.set(started);
    if (closed) { // meanwhile, when there was nothing to close yet
      stop();
    }
  }

  /** Hands a list over. False if it is known not to be in force: to be offered again. */
  static boolean offer(ServerSource.Sink sink, Collection<Server> servers) {
    if (sink instanceof Discovery discovery) {
      return discovery.accept(servers);
    }
    sink.update(servers); // into a sink of the user's, which does not say
    return true;
  }

  boolean allowsEmpty() {
    return allowEmpty;
  }

  CompletionStage<@Nullable Void> ready() {
    return ready.minimalCompletionStage();
  }

  /** Why there is nobody to pick, or null if that is not for want of an answer. */
  @Nullable String waitsFor() {
    if (answered) {
      return null;
    }
    String failure = lastFailure;
    return "discovery has no answer yet" + (failure == null ? "" : " (" + failure + ")");
  }

  @Override
  public void update(Collection<Server> servers) {
    boolean unused = accept(servers);
  }

  /** Whether the list is in force. */
  private boolean accept(Collection<Server> servers) {
    if (closed) {
      return false;
    }
    try {
      List<Server> list = new ArrayList<>(Objects.requireNonNull(servers, "servers"));
      if (list.contains(null)) {
        throw new IllegalArgumentException("servers: a null among them (expected: servers)");
      }
      Map<String, Server> next = MemberDiff.byUniqueId(list);
      if (next.isEmpty() && !allowEmpty) {
        throw new IllegalArgumentException("servers: none (expected: at least one)");
      }
      if (isKept(next)) {
        return true; // if it never gets into force, nor does anything else of this
      }
      boolean unused = control.replaceIf(() -> !closed, next);
      if (!closed) {
        answered(next.size());
      }
      return true;
    } catch (Throwable e) {
      failed(e);
      return false;
    }
  }

  @Override
  public void failed(Throwable cause) {
    if (closed) {
      return;
    }
    try {
      tell(Objects.requireNonNull(cause, "cause"));
    } catch (Throwable ignored) {
      // An exception may throw when it is printed, a source too, and a logger of the user's.
    }
  }

  @Override
  public String toString() {
    return source.toString();
  }

  private void answered(int count) {
    lastFailure = null;
    answered = true;
    boolean unused = ready.complete(null);
    boolean recovered;
    synchronized (told) {
      recovered = !told.isEmpty();
      told.clear();
    }
    if (recovered) {
      log.info("discovery by {} is well again, servers: {}", source, count);
    }
  }

  private void tell(Throwable cause) {
    boolean foreseen = cause instanceof IllegalArgumentException || cause instanceof IOException;
    String message = cause.getMessage();
    String raw = foreseen && message != null ? message : cause.toString();
    String what = raw.replaceAll("\\p{Cntrl}+", " "); // they would forge lines of a log
    lastFailure = what;
    boolean first;
    synchronized (told) {
      first = told.size() < TOLD_AT_MOST && told.add(what);
    }
    if (first) {
      String stays = answered ? "the last list stays" : "no list yet";
      log.warn("discovery by {}: {}; {}", source, what, stays, foreseen ? null : cause);
    } else {
      log.debug("discovery by {}: {}", source, what, cause);
    }
  }

  /** Under the balancer's change lock: no list comes into force any more. */
  void retire() {
    closed = true;
  }

  /** Ends it; who waits for it to be ready waits for the next from now on. */
  void replacedBy(@Nullable Discovery next) {
    if (next == null) {
      close();
      return;
    }
    stop();
    CompletableFuture<@Nullable Void> unused =
        next.ready.whenComplete(
            (none, failure) -> {
              if (failure == null) {
                ready.complete(null);
              } else {
                ready.completeExceptionally(failure);
              }
            });
  }

  void close() {
    stop();
    boolean unused =
        ready.completeExceptionally(new CancellationException("closed before the first answer"));
  }

  private void stop() {
    closed = true;
    AutoCloseable handle = running.getAndSet(null);
    if (handle == null) {
      return;
    }
    try {
      handle.close();
    } catch (Throwable e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      log.warn("discovery by {} failed to close", source, e);
    }
  }
}
