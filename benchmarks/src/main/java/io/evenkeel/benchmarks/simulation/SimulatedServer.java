package io.evenkeel.benchmarks.simulation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Some workers and a queue, first come, first served. A request whose client no longer waits is
 * worked on all the same: servers rarely notice.
 */
final class SimulatedServer {

  private final Scenario.Spec spec;
  private final int queueLimit;
  private final World world;
  private final ArrayDeque<Attempt> queue = new ArrayDeque<>();
  private final List<Attempt> working = new ArrayList<>();

  /** What became of it last, but for {@code SLOW}. */
  private Change.Kind state = Change.Kind.START;

  /** How many times as long as at first everything takes. */
  private double slowness = 1;

  /** Until when {@link #capacityNanos} is counted. */
  private long countedNanos;

  /** What could be done here while measured: nanoseconds of work. */
  private double capacityNanos;

  /** What was sent here while measured: nanoseconds of work. */
  private double sentNanos;

  SimulatedServer(Scenario.Spec spec, int queueLimit, World world) {
    this.spec = spec;
    this.queueLimit = queueLimit;
    this.world = world;
  }

  /** Whether a health check would find it well. */
  boolean isWell() {
    return state == Change.Kind.START;
  }

  /** Work sent here while measured over what could be done here in that time. */
  double load() {
    countCapacity();
    return sentNanos / capacityNanos;
  }

  /** A request gets here. */
  void accept(Attempt attempt) {
    if (world.isMeasured(world.now())) {
      sentNanos += attempt.workNanos;
    }
    switch (state) {
      case STOP -> fail(attempt);
      case FAIL -> {
        attempt.failed = true;
        world.errors.add(attempt);
      }
      case HANG -> {}
      default -> {
        if (working.size() < spec.workers()) {
          begin(attempt);
        } else if (queue.size() < queueLimit) {
          queue.add(attempt);
        } else {
          fail(attempt);
        }
      }
    }
  }

  private void fail(Attempt attempt) {
    attempt.failed = true;
    world.answers.add(attempt);
  }

  private void begin(Attempt attempt) {
    attempt.slot = working.size();
    working.add(attempt);
    world.timeline.at(
        world.now() + Math.round(attempt.workNanos * slowness / spec.speed()), attempt);
  }

  /** The work for this attempt is done, unless it was dropped meanwhile. */
  void finish(Attempt attempt) {
    if (attempt.slot < 0) {
      return;
    }
    Attempt last = working.remove(working.size() - 1);
    if (last != attempt) {
      last.slot = attempt.slot;
      working.set(attempt.slot, last);
    }
    attempt.slot = -1;
    world.answers.add(attempt);
    Attempt next = queue.poll();
    if (next != null) {
      begin(next);
    }
  }

  /** Something becomes of it. */
  void change(Change change) {
    countCapacity();
    switch (change.kind()) {
      case SLOW -> slowness = change.factor();
      case HANG -> {
        drop(false);
        state = Change.Kind.HANG;
      }
      case STOP -> {
        drop(true);
        state = Change.Kind.STOP;
      }
      default -> state = change.kind();
    }
  }

  /** Forgets all that it has. */
  private void drop(boolean answered) {
    working.forEach(attempt -> attempt.slot = -1);
    if (answered) {
      working.forEach(this::fail);
      queue.forEach(this::fail);
    }
    working.clear();
    queue.clear();
  }

  private void countCapacity() {
    long from = Math.max(countedNanos, world.fromNanos);
    long to = Math.min(world.now(), world.toNanos);
    if (to > from && isWell()) {
      capacityNanos += (to - from) * spec.capacity() / slowness;
    }
    countedNanos = world.now();
  }
}
