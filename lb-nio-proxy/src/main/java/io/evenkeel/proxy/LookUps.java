package io.evenkeel.proxy;

import java.net.InetAddress;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/**
 * Looks names up, on threads of its own: one look-up for each host at a time, and at most {@value
 * #FIRST_THREADS} of hosts that somebody waits for, so that one dead name does not hold up the
 * others. Those that are only looked up again have a thread to themselves, and hold up none of
 * these. No thread when there has been nothing to look up for a while. Safe for use by any thread.
 *
 * <p>Each look-up that was begun ends, unless this is closed: with nothing found if the resolver
 * fails in whatever way, or not even a thread is to be had.
 */
final class LookUps implements AutoCloseable {

  private static final QuietLog log = new QuietLog(LookUps.class);
  static final int FIRST_THREADS = 3;
  private static final InetAddress[] NOTHING = {};

  private final ServerAddresses.Resolver resolver;
  private final BiConsumer<String, InetAddress[]> onEnd;
  private final ThreadPoolExecutor first;
  private final ThreadPoolExecutor again;

  /** Those that are queued or under way, by host. */
  private final Map<String, LookUp> open = new ConcurrentHashMap<>();

  /**
   * @param onEnd is told of each look-up that has ended, the host and its addresses, when the next
   *     one of that host may be begun; must not throw
   */
  LookUps(
      ThreadFactory threads,
      ServerAddresses.Resolver resolver,
      BiConsumer<String, InetAddress[]> onEnd) {
    this.resolver = resolver;
    this.onEnd = onEnd;
    this.first = atMost(FIRST_THREADS, threads);
    this.again = atMost(1, threads);
  }

  private static ThreadPoolExecutor atMost(int most, ThreadFactory threads) {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            most, most, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads);
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /**
   * Looks a host up soon, if that is not queued or under way; never blocks.
   *
   * @param isFirst whether somebody waits for it: one that is queued behind those that are only
   *     looked up again is then taken out of there
   */
  void begin(String host, boolean isFirst) {
    LookUp of = open.get(host);
    boolean isNew = false;
    if (of == null) {
      LookUp fresh = new LookUp(host);
      LookUp other = open.putIfAbsent(host, fresh);
      isNew = other == null;
      of = other == null ? fresh : other;
    }
    if (isFirst ? of.isWaitedFor.compareAndSet(false, true) : isNew) {
      of.beginOn(isFirst ? first : again);
    }
  }

  @Override
  public void close() {
    first.shutdownNow();
    again.shutdownNow();
  }

  private final class LookUp implements Runnable {

    private final String host;

    /** It may be queued twice, and is done once. */
    private final AtomicBoolean begun = new AtomicBoolean();

    /** Whether it was put with those that somebody waits for. */
    private final AtomicBoolean isWaitedFor = new AtomicBoolean();

    LookUp(String host) {
      this.host = host;
    }

    void beginOn(Executor threads) {
      try {
        threads.execute(this);
      } catch (Throwable e) { // closed meanwhile, or no memory for a thread
        log.debug("{}: not looked up", host, e);
        if (begun.compareAndSet(false, true)) {
          end(NOTHING);
        }
      }
    }

    @Override
    public void run() {
      if (!begun.compareAndSet(false, true)) {
        return;
      }
      InetAddress[] found = NOTHING;
      try {
        found = Objects.requireNonNull(resolver.lookUp(host));
      } catch (Throwable e) { // a resolver may throw anything
        log.debug("{}: no address", host, e);
      } finally {
        end(found);
      }
    }

    private void end(InetAddress[] found) {
      open.remove(host, this);
      EventLoop.runGuarded(() -> onEnd.accept(host, found));
    }
  }
}
