package io.evenkeel.proxy;

/**
 * A hashed timer wheel (Varghese and Lauck, 1987): arming and disarming are O(1). Event loop only.
 *
 * <p>Time goes in ticks of 2^26 ns (67 ms); 1,024 slots make a turn of 69 s, longer than the
 * default timeouts, so that a timer is as a rule looked at once. A timer never goes off early, and
 * at most one tick late. An empty wheel asks for no wake-up at all. A timer that throws, even when
 * it is told that it did, is logged, and no other one suffers.
 */
final class TimerWheel {

  private static final int TICK_SHIFT = 26;
  private static final int SLOTS = 1024;
  private static final long NEVER = Long.MAX_VALUE;

  private final long originNanos;

  /** Each the head of a circular list. */
  private final Timer[] slots = new Timer[SLOTS];

  /** Every timer due at or before this tick has gone off. */
  private long tick;

  /** No armed timer is due before this tick; {@link #NEVER} if none is armed. May be too early. */
  private long nearest = NEVER;

  TimerWheel(long nowNanos) {
    originNanos = nowNanos;
    for (int i = 0; i < SLOTS; i++) {
      slots[i] = new Head();
    }
  }

  /** Arms a timer, or puts an armed one to another time. */
  void arm(Timer timer, long deadlineNanos) {
    disarm(timer);
    long sinceOrigin = Math.max(0, deadlineNanos - originNanos);
    long due = (sinceOrigin + (1L << TICK_SHIFT) - 1) >>> TICK_SHIFT;
    timer.dueTick = Math.max(tick + 1, due);
    link(timer, slot(timer.dueTick));
    nearest = Math.min(nearest, timer.dueTick);
  }

  /** Arms a timer for the earlier of two times. */
  void arm(Timer timer, long aNanos, long bNanos) {
    arm(timer, aNanos - bNanos < 0 ? aNanos : bNanos);
  }

  /** Disarms a timer; no effect on one that is not armed. */
  void disarm(Timer timer) {
    Timer before = timer.before;
    Timer after = timer.after;
    if (before != null && after != null) {
      before.after = after;
      after.before = before;
      timer.before = null;
      timer.after = null;
    }
  }

  /** How long nothing can come due, in nanoseconds; {@code Long.MAX_VALUE} if nothing is armed. */
  long nanosToNext(long nowNanos) {
    return nearest == NEVER
        ? Long.MAX_VALUE
        : Math.max(0, (nearest << TICK_SHIFT) - (nowNanos - originNanos));
  }

  /** Lets go off what is due. */
  void advance(long nowNanos) {
    long nowTick = (nowNanos - originNanos) >> TICK_SHIFT;
    if (nowTick < nearest) {
      tick = Math.max(tick, nowTick);
      return;
    }
    // Ticks before the nearest are empty; beyond one turn every slot has been seen.
    long from = Math.max(Math.max(tick + 1, nearest), nowTick - SLOTS + 1);
    tick = nowTick;
    for (long t = from; t <= nowTick; t++) {
      expire(slot(t), nowTick, nowNanos);
    }
    nearest = findNearest();
  }

  /**
   * Lets go off what is due in one slot. The slot's list is taken off first: what goes off may arm
   * timers in this same slot for a later turn, and may disarm any timer, in either list.
   */
  private void expire(Timer head, long nowTick, long nowNanos) {
    Timer first = head.after;
    if (first == head || first == null) {
      return;
    }
    Timer list = new Head();
    Timer last = head.before;
    list.after = first;
    first.before = list;
    list.before = last;
    if (last != null) {
      last.after = list;
    }
    head.after = head;
    head.before = head;
    for (Timer timer = list.after; timer != list && timer != null; timer = list.after) {
      disarm(timer);
      if (timer.dueTick <= nowTick) {
        expire(timer, nowNanos);
      } else {
        link(timer, head);
      }
    }
  }

  private static void expire(Timer timer, long nowNanos) {
    try {
      timer.expired(nowNanos);
    } catch (Throwable e) {
      EventLoop.runGuarded(() -> timer.failed(e)); // the timers behind it must still go off
    }
  }

  private long findNearest() {
    for (long t = tick + 1; t <= tick + SLOTS; t++) {
      Timer head = slot(t);
      if (head.after != head) {
        return t;
      }
    }
    return NEVER;
  }

  private Timer slot(long t) {
    return slots[(int) t & (SLOTS - 1)];
  }

  private static void link(Timer timer, Timer head) {
    Timer last = head.before;
    timer.before = last;
    timer.after = head;
    head.before = timer;
    if (last != null) {
      last.after = timer;
    }
  }

  private static final class Head extends Timer {
    Head() {
      before = this;
      after = this;
    }

    @Override
    void expired(long nowNanos) {
      throw new AssertionError("a list's head is no timer");
    }

    @Override
    void failed(Throwable cause) {
      throw new AssertionError("a list's head is no timer");
    }
  }
}
