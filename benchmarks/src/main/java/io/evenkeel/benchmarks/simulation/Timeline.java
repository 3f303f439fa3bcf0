package io.evenkeel.benchmarks.simulation;

import io.evenkeel.core.NanoClock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The virtual time, and what is going to happen in it. What is due first happens first; of what is
 * due at once, what was said first. One thread.
 *
 * <p>Most of what happens is due a fixed while after it was said: a packet's way, a timeout. Such
 * things stand in {@linkplain #delay lines}, where they cost O(1). Only the rest, ends of service
 * and arrivals, goes through the heap, which then is no larger than there are workers and clients.
 */
final class Timeline implements NanoClock {

  private static final int ARITY = 4;

  /** What happens at some time. */
  @FunctionalInterface
  interface Event {
    /** It happens now. */
    void happen();
  }

  private final List<Line<?>> lines = new ArrayList<>();
  private long now;
  private long said;
  private long happened;

  private long[] times = new long[64];
  private long[] orders = new long[64];
  private Event[] events = new Event[64];
  private int size;

  @Override
  public long nanoTime() {
    return now;
  }

  /** How much has happened. */
  long happened() {
    return happened;
  }

  /** Has something happen later. */
  void at(long time, Event event) {
    if (time < now) {
      throw new IllegalArgumentException("time: " + time + " (expected: >= " + now + ")");
    }
    if (size == times.length) {
      times = Arrays.copyOf(times, size * 2);
      orders = Arrays.copyOf(orders, size * 2);
      events = Arrays.copyOf(events, size * 2);
    }
    int i = size++;
    long order = said++;
    while (i > 0) {
      int parent = (i - 1) / ARITY;
      if (times[parent] <= time) { // the parent was said before
        break;
      }
      move(parent, i);
      i = parent;
    }
    put(i, time, order, event);
  }

  /** A line of things that each happen a fixed while after they are added. */
  <T> Line<T> delay(long nanos, Consumer<T> action) {
    Line<T> line = new Line<>(nanos, action);
    lines.add(line);
    return line;
  }

  /** Lets all of it happen, and what follows from it, until nothing is left. */
  void run() {
    while (true) {
      Line<?> next = null;
      long time = size == 0 ? Long.MAX_VALUE : times[0];
      long order = size == 0 ? Long.MAX_VALUE : orders[0];
      for (int i = 0; i < lines.size(); i++) {
        Line<?> line = lines.get(i);
        if (line.count > 0) {
          long due = line.times[line.head];
          if (due < time || (due == time && line.orders[line.head] < order)) {
            next = line;
            time = due;
            order = line.orders[line.head];
          }
        }
      }
      if (time == Long.MAX_VALUE) {
        return;
      }
      now = time;
      happened++;
      if (next != null) {
        next.poll();
      } else {
        pop().happen();
      }
    }
  }

  private Event pop() {
    final Event first = events[0];
    size--;
    final long time = times[size];
    final long order = orders[size];
    final Event event = events[size];
    int i = 0;
    while (true) {
      int child = i * ARITY + 1;
      if (child >= size) {
        break;
      }
      int least = child;
      for (int c = child + 1; c < Math.min(child + ARITY, size); c++) {
        if (isBefore(times[c], orders[c], times[least], orders[least])) {
          least = c;
        }
      }
      if (!isBefore(times[least], orders[least], time, order)) {
        break;
      }
      move(least, i);
      i = least;
    }
    put(i, time, order, event);
    return first;
  }

  private static boolean isBefore(long time, long order, long otherTime, long otherOrder) {
    return time < otherTime || (time == otherTime && order < otherOrder);
  }

  private void move(int from, int to) {
    put(to, times[from], orders[from], events[from]);
  }

  private void put(int i, long time, long order, Event event) {
    times[i] = time;
    orders[i] = order;
    events[i] = event;
  }

  /** Things that happen one after the other, each a fixed while after it was added. */
  final class Line<T> {

    private final long nanos;
    private final Consumer<T> action;
    private long[] times = new long[64];
    private long[] orders = new long[64];
    private @Nullable Object[] things = new Object[64];
    private int head;
    private int count;

    private Line(long nanos, Consumer<T> action) {
      this.nanos = nanos;
      this.action = action;
    }

    void add(T thing) {
      if (count == things.length) {
        grow();
      }
      int tail = (head + count++) & (things.length - 1);
      times[tail] = now + nanos;
      orders[tail] = said++;
      things[tail] = thing;
    }

    private void poll() {
      @SuppressWarnings({"unchecked", "NullAway"}) // between head and tail there is no null
      T thing = (T) things[head];
      things[head] = null;
      head = (head + 1) & (things.length - 1);
      count--;
      action.accept(thing);
    }

    private void grow() {
      int before = things.length;
      long[] oldTimes = times;
      long[] oldOrders = orders;
      @Nullable Object[] oldThings = things;
      times = new long[before * 2];
      orders = new long[before * 2];
      things = new Object[before * 2];
      for (int i = 0; i < before; i++) {
        int from = (head + i) & (before - 1);
        times[i] = oldTimes[from];
        orders[i] = oldOrders[from];
        things[i] = oldThings[from];
      }
      head = 0;
    }
  }
}
