package io.evenkeel.server.admin;

import io.evenkeel.core.NanoClock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Tells of wrong tokens: from where and what for, never which. Of each address the first one at
 * once, and those of the next ten seconds together, in one line. Of so many addresses at a time;
 * all others are told of as if they were one. So neither memory nor the log grows with what
 * strangers send. Safe for use by any thread.
 */
final class WrongTokens {

  static final int MOST_ADDRESSES = 64;
  static final String OTHERS = "other addresses";

  private static final long SPAN_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final class Span {
    final long begunNanos;
    long untold;
    String last = "";

    Span(long begunNanos) {
      this.begunNanos = begunNanos;
    }
  }

  private final NanoClock clock;
  private final Consumer<String> log;

  /** Of those that have shown one in the last ten seconds; guarded by this. */
  private final Map<String, Span> spans = new LinkedHashMap<>();

  WrongTokens(NanoClock clock, Consumer<String> log) {
    this.clock = clock;
    this.log = log;
  }

  /**
   * One was shown.
   *
   * @param route method and pattern, which has nothing in it of what was sent
   */
  void shown(String address, String route) {
    synchronized (this) {
      String who = spans.containsKey(address) || spans.size() < MOST_ADDRESSES ? address : OTHERS;
      Span span = spans.get(who);
      if (span != null) {
        span.untold++;
        span.last = route;
        return;
      }
      spans.put(who, new Span(clock.nanoTime()));
    }
    log.accept("a wrong token from " + address + ", for " + route);
  }

  /** Tells of those whose time is up. */
  void sweep() {
    List<String> lines = new ArrayList<>();
    synchronized (this) {
      long now = clock.nanoTime();
      for (Map.Entry<String, Span> entry : List.copyOf(spans.entrySet())) {
        Span span = entry.getValue();
        if (now - span.begunNanos < SPAN_NANOS) {
          continue;
        }
        spans.remove(entry.getKey());
        if (span.untold > 0) { // and the next ones wait for the next line
          spans.put(entry.getKey(), new Span(now));
          lines.add(
              span.untold
                  + (span.untold == 1 ? " more wrong token from " : " more wrong tokens from ")
                  + entry.getKey()
                  + " in the last 10 s, at the end for "
                  + span.last);
        }
      }
    }
    lines.forEach(log);
  }
}
