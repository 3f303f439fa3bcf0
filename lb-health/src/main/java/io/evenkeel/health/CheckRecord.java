package io.evenkeel.health;

import io.evenkeel.core.BlockOwner.Change;
import io.evenkeel.core.Server;
import io.evenkeel.health.ServerHealth.Check;
import io.evenkeel.health.ServerHealth.Status;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the checks of one server have come to, and what of it the balancer has been told. In serial
 * tasks only, but for {@link #view}.
 */
final class CheckRecord {

  /** A check that is over, by the clock. */
  private record Seen(ProbeResult result, long tookNanos, long atNanos) {}

  /** All that is shown, as of one result. Immutable. */
  private record Shown(
      Server server,
      HealthState state,
      int weightPercent,
      long checks,
      long failures,
      List<Seen> last) {}

  private static final int BLIND_AFTER = 3;

  private static final String MOVED = "its address changed";

  /** Written in serial tasks, read by anyone. */
  private volatile Shown shown;

  /** How the present status was reached. */
  private String why = "";

  /** Null before anything was told: an earlier server of the id may have left its block behind. */
  private @Nullable Status told;

  private int toldPercent = 100;

  /** How many inconclusive results came last. */
  private int inconclusiveInARow;

  /** Whether the block and the weight of what was at another address are to be taken away. */
  private boolean hasMoved;

  CheckRecord(Server server, long nowNanos) {
    shown = new Shown(server, HealthState.unknown(nowNanos), 100, 0, 0, List.of());
  }

  Server server() {
    return shown.server;
  }

  HealthState state() {
    return shown.state;
  }

  /** Of a server that was at another address: what its checks came to there is over. */
  void moved() {
    hasMoved = true;
  }

  /** The server is the same, but not all that is known of it. */
  void update(Server server) {
    Shown s = shown;
    shown = new Shown(server, s.state, s.weightPercent, s.checks, s.failures, s.last);
  }

  /** One more result. */
  void add(ProbeResult result, long tookNanos, long nowNanos, HealthPolicy policy) {
    Shown before = shown;
    List<Seen> last = new ArrayList<>(ServerHealth.REMEMBERED);
    last.add(new Seen(result, tookNanos, nowNanos));
    int kept = Math.min(before.last.size(), ServerHealth.REMEMBERED - 1);
    last.addAll(before.last.subList(0, kept));
    HealthState state = before.state;
    inconclusiveInARow =
        result.isInconclusive() ? Math.min(BLIND_AFTER, inconclusiveInARow + 1) : 0;
    if (!result.isInconclusive()) {
      state = state.next(result.isSuccess(), result.isDecisive(), nowNanos, policy);
      if (state.status() != before.state.status()) {
        why = why(before.state, state, result);
      }
    }
    shown =
        new Shown(
            before.server,
            state,
            result.isSuccess() ? result.weightPercent() : before.weightPercent,
            before.checks + 1,
            before.failures + (result.isSuccess() || result.isInconclusive() ? 0 : 1),
            List.copyOf(last));
  }

  private static String why(HealthState before, HealthState after, ProbeResult result) {
    if (before.status() == Status.UNKNOWN && before.inARow() == 0) {
      return result.isSuccess() ? "first check succeeded" : "first check failed: " + result.cause();
    }
    Duration lasted = Duration.ofNanos(after.sinceNanos() - before.sinceNanos());
    return counters(after.inARow(), result)
        + "; was "
        + before.status().name().toLowerCase(Locale.ROOT)
        + " for "
        + HealthPolicy.text(
            lasted.truncatedTo(lasted.toMinutes() > 0 ? ChronoUnit.SECONDS : ChronoUnit.MILLIS));
  }

  private static String counters(int inARow, ProbeResult result) {
    if (result.isSuccess()) {
      return inARow + (inARow == 1 ? " success" : " successes in a row");
    }
    return inARow == 1
        ? "1 failure: " + result.cause()
        : inARow + " failures in a row, the last: " + result.cause();
  }

  /** Whether its last checks, more than two, could not be made. */
  boolean isBlind() {
    return inconclusiveInARow == BLIND_AFTER;
  }

  /** Whether the balancer is to be told something. */
  boolean isNews() {
    Status status = shown.state.status();
    if (status == Status.UNKNOWN) {
      return hasMoved;
    }
    return status != told || (status == Status.UP && shown.weightPercent != toldPercent);
  }

  /** What that is. */
  List<Change> news() {
    Shown s = shown;
    String id = s.server.id();
    if (s.state.status() == Status.DOWN) {
      return List.of(Change.set(id, why));
    }
    if (s.state.status() == Status.UNKNOWN) {
      return List.of(Change.clear(id, MOVED), Change.weigh(id, 100, MOVED));
    }
    return List.of(
        Change.clear(id, why), Change.weigh(id, s.weightPercent, "as its last check said"));
  }

  /** It has been told. */
  void isTold() {
    told = shown.state.status();
    hasMoved = false;
    toldPercent = told == Status.UP ? shown.weightPercent : toldPercent;
  }

  /** How it stands now. Any thread. */
  ServerHealth view(long nowNanos) {
    Shown s = shown;
    List<Check> last =
        s.last.stream()
            .map(
                seen ->
                    new Check(
                        seen.result, Duration.ofNanos(seen.tookNanos), age(seen.atNanos, nowNanos)))
            .toList();
    return new ServerHealth(
        s.server,
        s.state.status(),
        age(s.state.sinceNanos(), nowNanos),
        s.state.inARow(),
        s.weightPercent,
        s.checks,
        s.failures,
        last);
  }

  /** Not negative, should it be later than the clock was read. */
  private static Duration age(long sinceNanos, long nowNanos) {
    return Duration.ofNanos(Math.max(0, nowNanos - sinceNanos));
  }
}
