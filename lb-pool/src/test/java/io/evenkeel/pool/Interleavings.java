package io.evenkeel.pool;

import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * What threads may see of a slot and its line, as jcstress finds it by meeting in them many times
 * under several compilers. Any result but those named here is an error. Run by {@link
 * InterleavingsTest}.
 */
final class Interleavings {

  private static final Server SERVER = Server.of("10.0.0.1", 80).withId("s0");

  private Interleavings() {}

  /** A pool of one, connected, and how often it was closed. */
  abstract static class OfOne {
    final AtomicInteger closings = new AtomicInteger();
    final VirtualTime time = new VirtualTime();
    final ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Connector<Object>() {
                  @Override
                  public Object connect(Server server) {
                    return new Object();
                  }

                  @Override
                  public void close(Object connection) {
                    closings.incrementAndGet();
                  }
                })
            .maxPerServer(1)
            .scheduler(time)
            .executor(Runnable::run)
            .build();
    final Pooled<Object> held = pool.acquireAsync(SERVER).join();

    /** 1 if a connection can be had at once. */
    int taken() {
      try {
        Pooled<Object> unused = pool.acquire(SERVER, Duration.ZERO);
        return 1;
      } catch (PoolException e) {
        return 0;
      } catch (InterruptedException e) {
        return -1;
      }
    }
  }

  /** A return and one who begins to wait: the waiter is never left in line with an idle slot. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "served")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a waiter was lost")
  @State
  public static class ReturnAndWait extends OfOne {
    private CompletableFuture<Pooled<Object>> waiter = new CompletableFuture<>();

    @Actor
    public void giveBack() {
      held.close();
    }

    @Actor
    public void await() {
      waiter = pool.acquireAsync(SERVER);
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = waiter.isDone() ? 1 : 0;
    }
  }

  /** The same when the connection is thrown away: the waiter gets the capacity. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "served")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a waiter was lost")
  @State
  public static class InvalidateAndWait extends OfOne {
    private CompletableFuture<Pooled<Object>> waiter = new CompletableFuture<>();

    @Actor
    public void throwAway() {
      held.invalidate(new IOException("reset"));
    }

    @Actor
    public void await() {
      waiter = pool.acquireAsync(SERVER);
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = waiter.isDone() ? 1 : 0;
    }
  }

  /** One idle connection goes to one of two. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "one has it")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both have it, or none")
  @State
  public static class LastIdle extends OfOne {
    public LastIdle() {
      held.close();
    }

    @Actor
    public void one(II_Result r) {
      r.r1 = taken();
    }

    @Actor
    public void two(II_Result r) {
      r.r2 = taken();
    }
  }

  /** Of two ends of one use one counts, and the next user keeps what they have. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "given back or closed, and one more use")
  @Outcome(expect = Expect.FORBIDDEN, desc = "ended twice, or not at all")
  @State
  public static class CloseAndInvalidate extends OfOne {
    @Actor
    public void giveBack() {
      held.close();
    }

    @Actor
    public void throwAway() {
      held.invalidate(new IOException("reset"));
    }

    @Arbiter
    public void after(II_Result r) {
      r.r1 = closings.get();
      r.r2 = taken() + taken();
    }
  }

  /** A late close of an old use does not take the connection from its next user. */
  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "still theirs")
  @Outcome(expect = Expect.FORBIDDEN, desc = "two users")
  @State
  public static class LateClose extends OfOne {
    private final Pooled<Object> next;

    public LateClose() {
      held.close();
      next = pool.acquireAsync(SERVER).join();
    }

    @Actor
    public void late() {
      held.close();
    }

    @Actor
    public void alsoLate() {
      held.invalidate(new IOException("late"));
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = taken() + closings.get() + (next.connection() == null ? 1 : 0);
    }
  }

  /** A cancelled waiter takes nothing with it. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "it is there for the next")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost")
  @State
  public static class CancelAndReturn extends OfOne {
    private final CompletableFuture<Pooled<Object>> waiter = pool.acquireAsync(SERVER);

    @Actor
    public void cancel() {
      if (!waiter.cancel(false)) {
        waiter.join().close(); // it came first
      }
    }

    @Actor
    public void giveBack() {
      held.close();
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = taken();
    }
  }

  /** A pool that is closed as a connection comes back holds none. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "closed once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "left open, or closed twice")
  @State
  public static class CloseAndReturn extends OfOne {
    @Actor
    public void close() {
      pool.close();
    }

    @Actor
    public void giveBack() {
      held.close();
    }

    @Arbiter
    public void after(II_Result r) {
      r.r1 = closings.get();
      r.r2 = pool.servers().size();
    }
  }

  /** A server that leaves as its connection goes from one user to the next: closed in the end. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "closed once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "kept, or closed twice")
  @State
  public static class RemoveAndReuse extends OfOne {
    private final ServerConnections<Object> connections = pool.servers().iterator().next();

    @Actor
    public void remove() {
      pool.remove("s0");
    }

    @Actor
    public void reuse() {
      held.close();
      Slot<Object> slot = connections.takeIdle(SERVER);
      if (slot != null) {
        boolean unused = connections.giveBack(slot, slot.ticket());
      }
    }

    @Arbiter
    public void after(I_Result r) {
      r.r1 = closings.get();
    }
  }

  /**
   * A server that leaves as one returns and one waits: whoever is served, it is closed in the end.
   */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "closed once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "kept, or closed twice")
  @State
  public static class RemoveAndServe extends OfOne {
    private final CompletableFuture<Pooled<Object>> waiter = pool.acquireAsync(SERVER);

    @Actor
    public void remove() {
      pool.remove("s0");
    }

    @Actor
    public void giveBack() {
      held.close();
    }

    @Arbiter
    public void after(I_Result r) {
      if (!waiter.isCompletedExceptionally()) {
        waiter.join().close();
      }
      r.r1 = closings.get();
    }
  }

  /** Time that is up as the connection is handed over: the future has it, or it is there. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "served, or late and there for the next")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or both")
  @State
  public static class TimeoutAndReturn extends OfOne {
    private final CompletableFuture<Pooled<Object>> waiter =
        pool.acquireAsync(SERVER, Duration.ofMillis(1));

    @Actor
    public void timeIsUp() {
      time.advance(Duration.ofMillis(1));
    }

    @Actor
    public void giveBack() {
      held.close();
    }

    @Arbiter
    public void after(II_Result r) {
      r.r1 = waiter.isDone() && !waiter.isCompletedExceptionally() ? 1 : 0;
      r.r2 = taken();
    }
  }

  /** A connection that is taken out of the pool as that is closed by force has one owner. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "its user's, or closed by the pool; which forgets the server")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost, both, or counted still")
  @State
  public static class DetachAndForce extends OfOne {
    private int detached;

    @Actor
    public void detach() {
      try {
        Object unused = held.detach();
        detached = 1;
      } catch (IllegalStateException e) {
        detached = 0;
      }
    }

    @Actor
    public void force() {
      int unused = pool.close(Duration.ZERO);
    }

    @Arbiter
    public void after(II_Result r) {
      r.r1 = detached;
      r.r2 = closings.get() + 10 * (pool.servers().size() + pool.permits().taken());
    }
  }
}
