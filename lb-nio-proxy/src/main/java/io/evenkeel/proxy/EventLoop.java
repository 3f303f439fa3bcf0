package io.evenkeel.proxy;

import io.evenkeel.core.NanoClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * One thread, one java.nio selector, and all that hangs on it: its channels' handlers, its timers,
 * its buffers. What a handler owns is touched on this thread only, so nothing there is locked or
 * volatile. Other threads come in by {@link #execute} alone.
 *
 * <p>A turn of the loop: wait for events and handle them; close what was let go before; run tasks;
 * let timers go off. A channel is let go by cancelling its key and is closed after the next select,
 * which takes it off the selector: closed while registered, it would cost a getsockopt and a
 * shutdown more, and its descriptor would come back no sooner.
 *
 * <p>Nothing that a handler, a timer or a task throws ends the loop, or keeps another of them from
 * its turn.
 */
final class EventLoop implements Runnable {

  private static final QuietLog log = new QuietLog(EventLoop.class);

  /** By default, bytes that one read may take: one buffer for all connections of a loop. */
  static final int READ_BUFFER_BYTES = 512 * 1024;

  /** The most that the JDK's selector reports at once: there may be more. */
  private static final int EVENTS_A_SELECT = 1024;

  private static final int TIMERS_PUT_OFF_AT_MOST = 16;

  /** Selects in a row that return at once for no reason, before the selector is replaced. */
  private static final int PREMATURE_RETURNS_ALLOWED = 512;

  private final NanoClock clock;

  /** As the factory made it. */
  private final Thread thread;

  /**
   * Whether {@link #thread} was started. Guarded by the lock of the proxy that starts and stops.
   */
  private boolean started;

  /** Whether its thread has taken it up, or who joins it has ended it instead: once in all. */
  private final AtomicBoolean takenUp = new AtomicBoolean();

  /** Who runs it; null before. Not {@link #thread} if that hands on what it is given to run. */
  private volatile @Nullable Thread runner;

  private final Queue<Runnable> tasks = new MpscUnboundedAtomicArrayQueue<>(64);

  /**
   * Whether the loop is sure to look at its tasks before it waits again. Cleared by the loop before
   * it looks for tasks the last time; whoever adds a task and finds it cleared sets it and wakes
   * the selector. A task added before that last look is seen by it, one added after it wakes.
   */
  private final AtomicBoolean awake = new AtomicBoolean(true);

  /** Written by the loop alone; read by who wakes it. */
  private volatile Selector selector;

  // Event loop only, from here on.
  private final Consumer<SelectionKey> onReady = EventLoop::handle;
  private final ArrayDeque<SelectableChannel> closing = new ArrayDeque<>();
  private final ArrayDeque<Runnable> afterSelect = new ArrayDeque<>();
  private ByteBuffer readBuffer;
  private final BufferPool buffers;
  private final TimerWheel timers;
  private long nowNanos;

  /** Whether the loop may have waited since it last read the clock. */
  private boolean nowIsStale;

  private boolean stopped;
  private int prematureReturns;
  private int timersPutOff;

  /** Completed when the loop has ended and runs no task any more. Safe for use by any thread. */
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  /** For tests: turns of the loop so far. */
  private final AtomicLong turns = new AtomicLong();

  /**
   * A loop that is not started.
   *
   * @throws IllegalStateException if the factory makes no thread, or one that was started already
   */
  EventLoop(ThreadFactory threads, NanoClock clock, int readBufferBytes) throws IOException {
    this.readBuffer = ByteBuffer.allocateDirect(readBufferBytes);
    this.buffers = new BufferPool();
    this.clock = clock;
    this.nowNanos = clock.nanoTime();
    this.timers = new TimerWheel(nowNanos);
    this.selector = Selector.open();
    try {
      this.thread = newThread(threads, this); // the last: it might run before it is returned
    } catch (Throwable e) {
      stop(() -> {});
      join();
      throw e;
    }
  }

  private static Thread newThread(ThreadFactory threads, Runnable loop) {
    Thread thread;
    try {
      thread = threads.newThread(loop);
    } catch (RuntimeException e) {
      throw new IllegalStateException("threadFactory: threw " + e, e);
    }
    if (thread == null) {
      throw new IllegalStateException("threadFactory: null (expected: a thread)");
    }
    if (thread.getState() != Thread.State.NEW) {
      throw startedAlready(thread);
    }
    return thread;
  }

  private static IllegalStateException startedAlready(Thread thread) {
    return new IllegalStateException(
        "threadFactory: " + thread + " (expected: one that was not started)");
  }

  void start() {
    if (thread.getState() != Thread.State.NEW) {
      throw startedAlready(thread); // the thread of another loop
    }
    thread.start();
    started = true;
  }

  /** Runs a task on the loop, soon; dropped if the loop has ended. Safe for use by any thread. */
  void execute(Runnable task) {
    tasks.add(task);
    if (!awake.get() && awake.compareAndSet(false, true)) {
      selector.wakeup();
    }
  }

  /**
   * Runs a task on the loop and waits for that; on the caller's thread if the loop has ended. Safe
   * for use by any thread but a loop's: two that ask each other would wait for ever.
   */
  void ask(Runnable question) {
    CompletableFuture<Void> answered = new CompletableFuture<>();
    execute(
        () -> {
          try {
            question.run();
            answered.complete(null);
          } catch (Throwable e) {
            answered.completeExceptionally(e);
          }
        });
    Object unused = CompletableFuture.anyOf(answered, ended).exceptionally(e -> null).join();
    // A task that runs does so before the loop has ended; one that did not by then never will.
    if (answered.isDone()) {
      answered.join();
    } else {
      question.run();
    }
  }

  /**
   * Runs a last task on the loop and ends it. Safe for use by any thread but the loop's own, which
   * then waits by {@link #join}.
   */
  void stop(Runnable last) {
    execute(
        () -> {
          try {
            last.run();
          } finally {
            stopped = true;
          }
        });
  }

  boolean isCurrentThread() {
    return Thread.currentThread() == runner;
  }

  /**
   * Waits until a loop that was stopped has ended, and its thread. One that was never run, because
   * it was not started or its thread did not do what it was made for, lets go here of what it has.
   *
   * @return whether the caller was interrupted meanwhile
   */
  boolean join() {
    boolean interrupted = started && joinThread();
    if (takenUp.compareAndSet(false, true)) {
      end();
    }
    ended.join();
    return interrupted;
  }

  private boolean joinThread() {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true; // loops end by themselves now, so this is short
      }
    }
  }

  /** For tests. */
  Thread thread() {
    return thread;
  }

  long turns() {
    return turns.get();
  }

  // ---- for handlers, on the loop's thread ----

  /** Now, as of this turn: the clock is read once after each wait, when somebody first asks. */
  long nowNanos() {
    if (nowIsStale) {
      nowIsStale = false;
      nowNanos = clock.nanoTime();
    }
    return nowNanos;
  }

  TimerWheel timers() {
    return timers;
  }

  BufferPool buffers() {
    return buffers;
  }

  int readBufferBytes() {
    return readBuffer.capacity();
  }

  /** The loop's read buffer, empty, with room for this much; good until the handler returns. */
  ByteBuffer readBuffer(int limit) {
    ByteBuffer buffer = readBuffer;
    return buffer.clear().limit(Math.min(limit, buffer.capacity()));
  }

  /** Between reads, so that nothing is in it. */
  void resizeReadBuffer(int bytes) {
    if (bytes != readBuffer.capacity()) {
      readBuffer = ByteBuffer.allocateDirect(bytes);
    }
  }

  void register(SelectableChannel channel, int interestOps, ChannelHandler handler)
      throws IOException {
    handler.registered(channel.register(selector, interestOps, handler));
  }

  /** Lets go of a channel; it is closed at once if it has no key, else after the next select. */
  void close(SelectableChannel channel, @Nullable SelectionKey key) {
    if (key == null) {
      closeNow(channel);
    } else {
      key.cancel();
      closing.add(channel);
    }
  }

  /** Takes a channel off the selector, and runs something once it is off; not if the loop ends. */
  void deregister(SelectionKey key, Runnable then) {
    key.cancel();
    afterSelect.add(then);
  }

  /** Every handler that has a channel here; a copy. */
  List<ChannelHandler> handlers() {
    List<ChannelHandler> handlers = new ArrayList<>();
    for (SelectionKey key : selector.keys()) {
      if (key.isValid()) {
        handlers.add((ChannelHandler) key.attachment());
      }
    }
    return handlers;
  }

  // ---- the loop ----

  @Override
  public void run() {
    if (!takenUp.compareAndSet(false, true)) {
      return; // it was ended before, or runs already
    }
    runner = Thread.currentThread();
    try {
      while (!stopped) {
        try {
          turn();
        } catch (Throwable e) {
          // Handlers' failures are caught where they happen; this is the loop's own, as no memory.
          log.error("event loop failed in a turn and goes on", e);
        }
      }
    } finally {
      end();
    }
  }

  private void turn() throws IOException {
    turns.lazySet(turns.getPlain() + 1);
    int toClose = closing.size();
    awake.set(false);
    int toRun = afterSelect.size();
    boolean mayWait = toClose == 0 && toRun == 0 && tasks.isEmpty();
    long before = nowNanos();
    long waitNanos = mayWait ? timers.nanosToNext(before) : 0;
    nowIsStale = true;
    int ready =
        waitNanos == 0
            ? selector.selectNow(onReady)
            : selector.select(onReady, toMillisUp(waitNanos));
    boolean woken = awake.getAndSet(true);
    for (int i = 0; i < toClose; i++) {
      closeNow(closing.remove());
    }
    for (int i = 0; i < toRun; i++) {
      runGuarded(afterSelect.remove());
    }
    runTasks();
    // After a long pause of the process, bytes that are waiting come before timers that ran out.
    timersPutOff = ready < EVENTS_A_SELECT ? 0 : timersPutOff + 1;
    if (timersPutOff == 0 || timersPutOff > TIMERS_PUT_OFF_AT_MOST) {
      timers.advance(nowNanos());
    }
    if (waitNanos == 0 || ready > 0 || woken || nowNanos() - before >= waitNanos) {
      prematureReturns = 0;
    } else if (++prematureReturns >= PREMATURE_RETURNS_ALLOWED) {
      prematureReturns = 0;
      if (!Thread.interrupted()) { // an interrupt that nobody takes off does the same
        log.warn("the selector returned with nothing {} times", PREMATURE_RETURNS_ALLOWED);
        replaceSelector();
      }
    }
  }

  private static void handle(SelectionKey key) {
    if (!key.isValid()) {
      return; // let go earlier in this turn
    }
    ChannelHandler handler = (ChannelHandler) key.attachment();
    try {
      handler.ready(key.readyOps());
    } catch (Throwable e) {
      runGuarded(() -> handler.failed(e));
    }
  }

  private void runTasks() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      runGuarded(task);
    }
  }

  /** Runs one of several that must all run: what it throws is logged, and goes no further. */
  static void runGuarded(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) {
      log.error("task of the event loop failed", e);
    }
  }

  /**
   * Moves every channel to a new selector. A selector that returns again and again with nothing
   * (JDK-6427854 and its kin) would burn a core.
   */
  void replaceSelector() throws IOException {
    Selector old = selector;
    Selector fresh = Selector.open();
    try {
      for (SelectionKey key : old.keys()) {
        if (key.isValid()) {
          key.channel().register(fresh, key.interestOps(), key.attachment());
        }
      }
    } catch (Throwable e) {
      fresh.close();
      throw e;
    }
    for (SelectionKey key : fresh.keys()) {
      ((ChannelHandler) key.attachment()).registered(key);
    }
    selector = fresh;
    old.close();
  }

  private void end() {
    try {
      for (SelectionKey key : selector.keys()) {
        closing.add(key.channel()); // if it was never run; else they were let go before
      }
      selector.close(); // takes every channel off, so that closing them frees their descriptors
    } catch (Throwable e) {
      log.warn("could not close the selector", e);
    } finally {
      closing.forEach(EventLoop::closeNow);
      closing.clear();
      tasks.clear();
      ended.complete(null);
    }
  }

  private static void closeNow(SelectableChannel channel) {
    try {
      channel.close();
    } catch (Throwable e) {
      log.debug("could not close {}", channel, e);
    }
  }

  private static long toMillisUp(long nanos) {
    // 0 would mean: for ever, as it should for a wheel with nothing in it.
    return nanos == Long.MAX_VALUE ? 0 : (nanos + 999_999) / 1_000_000;
  }
}
