package io.evenkeel.health;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sees to it that no more checks are under way at a time than may be; the others wait in line. In
 * serial tasks only, but for the two numbers.
 */
final class CheckSlots {

  private final int max;
  private final Set<ServerCheck> line = new LinkedHashSet<>();

  /** Written in serial tasks, read by anyone. */
  private final AtomicInteger inFlight = new AtomicInteger();

  /** Written in serial tasks, read by anyone. */
  private volatile int waiting;

  CheckSlots(int max) {
    this.max = max;
  }

  int max() {
    return max;
  }

  int inFlight() {
    return inFlight.get();
  }

  int waiting() {
    return waiting;
  }

  /** Begins the check, now or when it is its turn. */
  void beginInTurn(ServerCheck check) {
    if (inFlight.get() < max) {
      inFlight.incrementAndGet();
      check.begin();
    } else {
      line.add(check);
      waiting = line.size();
    }
  }

  /** One that has begun is over: the next may begin. */
  void isOver() {
    inFlight.decrementAndGet();
    if (!line.isEmpty()) {
      ServerCheck next = line.iterator().next();
      leave(next);
      beginInTurn(next);
    }
  }

  /** One that has not begun is not wanted any more. */
  void leave(ServerCheck check) {
    line.remove(check);
    waiting = line.size();
  }
}
