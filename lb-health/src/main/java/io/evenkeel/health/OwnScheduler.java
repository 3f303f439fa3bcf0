package io.evenkeel.health;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.jspecify.annotations.Nullable;

/** The scheduler of a monitor that was handed none: one daemon thread. */
final class OwnScheduler extends ScheduledThreadPoolExecutor {

  /** For a probe or listener of the user's own that does not return. */
  private static final long CLOSE_WAIT_MILLIS = 5_000;

  /** Written by whoever submits first, read by whoever closes. */
  private volatile @Nullable Thread thread;

  OwnScheduler() {
    super(1);
    setThreadFactory(
        task -> {
          Thread created = Threads.daemon(task, "evenkeel-health");
          thread = created;
          return created;
        });
    // Nearly every deadline is cancelled; they are not to lie about until their time.
    setRemoveOnCancelPolicy(true);
  }

  /** Drops what waits, interrupts what runs, and waits for it. */
  void closeAndWait() {
    shutdownNow();
    Thread running = thread;
    if (running != null) {
      Threads.await(running, CLOSE_WAIT_MILLIS);
    }
  }
}
