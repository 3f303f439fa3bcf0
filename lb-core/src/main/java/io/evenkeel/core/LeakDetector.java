package io.evenkeel.core;

import io.evenkeel.core.BalancerEvent.LeaseLeaked;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds leases that nobody can close any more, because the garbage collector took them while they
 * were open. Reports each once, with the place that took it, and ends its use. Looks whenever a
 * lease is asked for; has no thread. Safe for use by any thread.
 */
final class LeakDetector {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /**
   * One open lease. Who takes it off {@link #open} ends the use: {@code close}, or the report. Both
   * may get that far, for a lease can be collected while its own {@code close} runs.
   */
  final class Watch extends PhantomReference<Lease> {

    private final Node node;
    private final Gates.@Nullable Pass pass;
    private volatile boolean isOutcomeSaid;
    private final Throwable takenAt = new Throwable("the lease was taken here");

    private Watch(Lease lease, Gates.@Nullable Pass pass) {
      super(lease, collected);
      this.node = lease.node();
      this.pass = pass;
    }

    /** Its lease was told how it went. */
    void outcomeSaid() {
      isOutcomeSaid = true;
    }

    /** Whether the use is the caller's to end. */
    boolean end() {
      return open.remove(this);
    }
  }

  private final EventQueue events;
  private final Set<Watch> open = ConcurrentHashMap.newKeySet();
  private final ReferenceQueue<Lease> collected = new ReferenceQueue<>();

  LeakDetector(EventQueue events) {
    this.events = events;
  }

  /** One for this lease, which its gates let in by that pass. */
  Watch watch(Lease lease, Gates.@Nullable Pass pass) {
    Watch watch = new Watch(lease, pass);
    open.add(watch);
    return watch;
  }

  /** Reports and ends what is found to be lost. */
  void report() {
    boolean any = false;
    for (Reference<?> found = collected.poll(); found != null; found = collected.poll()) {
      Watch watch = (Watch) found;
      if (watch.end()) {
        any = true;
        Server server = watch.node.server();
        if (!watch.isOutcomeSaid) {
          if (watch.pass != null) {
            watch.pass.neutral();
          }
          watch.node.endedWithoutAWord();
        }
        watch.node.released();
        events.log(() -> log.warn("a lease of {} was never closed", server, watch.takenAt));
        events.add(new LeaseLeaked(server, watch.takenAt));
      }
    }
    if (any) {
      events.deliver();
    }
  }
}
