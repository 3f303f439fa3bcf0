package io.evenkeel.server;

import io.evenkeel.server.DemoTraffic.Failure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What was measured while one server was stopped and came back, and whether it is as it should be.
 * Times are of {@link System#nanoTime}.
 *
 * @param server the one that was stopped
 * @param servers how many there are
 * @param stoppedNanos when it was stopped
 * @param failoverNanos when the health check said that it is down
 * @param restartedNanos when it was started again
 * @param returnedNanos when the health check said that it is up
 * @param answered requests answered in all
 * @param answeredWhileDown those of them answered between failover and restart
 * @param failures every request that was not answered
 * @param picksWhileDown picks of the server between failover and restart
 * @param picksAfter its picks after its return
 * @param allPicksAfter all servers' picks in that time
 */
record DemoRound(
    String server,
    int servers,
    long stoppedNanos,
    long failoverNanos,
    long restartedNanos,
    long returnedNanos,
    long answered,
    long answeredWhileDown,
    List<Failure> failures,
    long picksWhileDown,
    long picksAfter,
    long allPicksAfter) {

  /** The share may be off by a tenth, and by what moves while the counters are read. */
  private static final double TOLERANCE = 0.1;

  private static final int MOVING = 5;

  /** What is not as it should be; empty if everything is. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    long early = failures.stream().filter(this::isBeforeStop).count();
    if (early > 0) {
      problems.add(early + " requests failed before anything was stopped" + example());
    }
    long late = failures.stream().filter(this::isAfterFailover).count();
    if (late > 0) {
      problems.add(late + " requests failed after the failover" + example());
    }
    if (answeredWhileDown == 0) {
      problems.add("no request was answered while " + server + " was down");
    }
    if (picksWhileDown > 0) {
      problems.add(server + " was picked " + picksWhileDown + " times while it was down");
    }
    double fair = (double) allPicksAfter / servers;
    if (allPicksAfter == 0 || Math.abs(picksAfter - fair) > TOLERANCE * fair + MOVING) {
      problems.add(
          server + " got " + picksAfter + " of " + allPicksAfter + " picks after its return");
    }
    return problems;
  }

  /** The figures, for people. */
  List<String> summary() {
    long cut = failures.stream().filter(f -> !isBeforeStop(f) && !isAfterFailover(f)).count();
    long late = failures.stream().filter(this::isAfterFailover).count();
    return List.of(
        format("%,d requests answered, %,d failed after the failover", answered, late),
        format("%,d cut between the stop and the failover (in mid-request)", cut),
        format(
            "%s: out %.1f s after it was stopped, %d picks while down",
            server, (failoverNanos - stoppedNanos) / 1e9, picksWhileDown),
        format(
            "%s: back %.1f s after it was started, %.1f %% of %,d picks since",
            server,
            (returnedNanos - restartedNanos) / 1e9,
            100.0 * picksAfter / Math.max(1, allPicksAfter),
            allPicksAfter));
  }

  private boolean isBeforeStop(Failure failure) {
    return failure.endNanos() - stoppedNanos < 0;
  }

  private boolean isAfterFailover(Failure failure) {
    return failure.startNanos() - failoverNanos >= 0;
  }

  private String example() {
    return " (the last one: " + failures.get(failures.size() - 1).cause() + ")";
  }

  private static String format(String pattern, Object... args) {
    return String.format(Locale.ROOT, pattern, args);
  }
}
