package io.evenkeel.health;

import static io.evenkeel.health.CircuitBreaker.Status.CLOSED;
import static io.evenkeel.health.CircuitBreaker.Status.HALF_OPEN;
import static io.evenkeel.health.CircuitBreaker.Status.OPEN;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.health.CircuitState.Input;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** All paths of the machine, beside a model that keeps a few plain variables. */
class CircuitStateTest {

  private static final long SECOND = 1_000_000_000;
  private static final List<Input> INPUTS = List.of(Input.values());

  /** In whole seconds, without jitter. */
  private static final class Model {
    private final CircuitPolicy policy;
    private String status = "CLOSED";
    private long since;
    private long openSeconds;
    private int opened;
    private int out;
    private int succeeded;
    private long taken;

    Model(CircuitPolicy policy) {
      this.policy = policy;
    }

    private void open(long now) {
      openSeconds =
          Math.min(
              policy.maxOpenTime().toSeconds(),
              policy.openTime().toSeconds() * (1L << Math.min(20, opened)));
      opened++;
      become("OPEN", now);
    }

    private void become(String next, long now) {
      status = next;
      since = now;
      out = 0;
      succeeded = 0;
    }

    void on(Input input, long now) {
      int k = policy.trials();
      if (status.equals("CLOSED") && input == Input.TRIP) {
        open(now);
      } else if (status.equals("OPEN") && input == Input.TIME && now >= since + openSeconds) {
        become("HALF_OPEN", now);
      } else if (status.equals("HALF_OPEN")) {
        boolean allTaken = out + succeeded == k;
        if (input == Input.ADMIT && !allTaken) {
          out++;
          taken = now;
        } else if (input == Input.NEUTRAL) {
          out--;
        } else if (input == Input.SUCCESS) {
          out--;
          succeeded++;
          if (succeeded == k) {
            opened = 0;
            become("CLOSED", now);
          }
        } else if (input == Input.FAILURE
            || (input == Input.TIME && allTaken && now >= taken + timeout())) {
          open(now);
        }
      }
    }

    private long timeout() {
      return policy.trialTimeout().toSeconds();
    }

    /** The word of a trial comes only if one is out. */
    boolean isPossible(Input input) {
      boolean ofTrial = input == Input.SUCCESS || input == Input.FAILURE || input == Input.NEUTRAL;
      return !ofTrial || out > 0;
    }
  }

  @Property(tries = 1_000)
  void next_anyInputsAndTimes_agreesWithTheModel(
      @ForAll @Size(max = 120) List<@IntRange(max = 599) Integer> steps,
      @ForAll @IntRange(min = 1, max = 4) int trials) {
    CircuitPolicy policy =
        CircuitPolicy.builder()
            .openTime(ofSeconds(2))
            .maxOpenTime(ofSeconds(9))
            .jitter(0)
            .trials(trials)
            .trialTimeout(ofSeconds(7))
            .build();
    Model model = new Model(policy);
    CircuitState state = CircuitState.closed(0);
    long now = 0;
    for (int step : steps) {
      now += step / 6 % 10 == 0 ? step / 60 : step / 6 % 2;
      Input input = INPUTS.get(step % 6);
      if (!model.isPossible(input)) {
        continue;
      }
      model.on(input, now);
      state = state.next(input, now * SECOND, 0.5, policy);
      assertThat(state.status()).hasToString(model.status);
      assertThat(state.sinceNanos()).isEqualTo(model.since * SECOND);
      assertThat(state.times()).isEqualTo(model.opened);
      assertThat(state.succeeded()).isEqualTo(model.succeeded);
      if (state.status() == HALF_OPEN) {
        assertThat(state.free()).isEqualTo(trials - model.out - model.succeeded).isNotNegative();
      } else {
        assertThat(state.free()).isZero();
      }
      assertThat(state.openNanos())
          .isEqualTo(state.status() == OPEN ? model.openSeconds * SECOND : 0);
    }
  }

  @Property
  void openTime_doublesUpToTheCap_lessTheJitter(
      @ForAll @IntRange(min = 1, max = 100) int opened, @ForAll @IntRange(max = 99) int chance) {
    CircuitPolicy policy = CircuitPolicy.builder().trials(1).jitter(0.2).build();
    CircuitState state = CircuitState.closed(0).next(Input.TRIP, 0, chance / 100.0, policy);
    for (int i = 1; i < opened; i++) {
      long due = state.sinceNanos() + state.openNanos();
      assertThat(state.next(Input.TIME, due - 1, 0, policy)).isSameAs(state);
      state = state.next(Input.TIME, due, 0, policy);
      assertThat(state.status()).isEqualTo(HALF_OPEN);
      state = state.next(Input.ADMIT, due, 0, policy);
      state = state.next(Input.FAILURE, due, chance / 100.0, policy);
    }
    double seconds = Math.min(300, 10 * Math.pow(2, opened - 1));
    assertThat(state.openNanos())
        .isEqualTo((long) (seconds * SECOND * (1 - 0.2 * (chance / 100.0))));
  }

  @Example
  void closedAgain_beginsWithTheFirstOpenTime() {
    CircuitPolicy policy = CircuitPolicy.builder().trials(1).jitter(0).build();
    CircuitState open = CircuitState.closed(0).next(Input.TRIP, 0, 0, policy);
    CircuitState again =
        open.next(Input.TIME, 10 * SECOND, 0, policy)
            .next(Input.ADMIT, 10 * SECOND, 0, policy)
            .next(Input.FAILURE, 10 * SECOND, 0, policy);
    assertThat(again.openNanos()).isEqualTo(20 * SECOND);
    CircuitState closed =
        again
            .next(Input.TIME, 30 * SECOND, 0, policy)
            .next(Input.ADMIT, 30 * SECOND, 0, policy)
            .next(Input.SUCCESS, 30 * SECOND, 0, policy);
    assertThat(closed.status()).isEqualTo(CLOSED);
    assertThat(closed.next(Input.TRIP, 31 * SECOND, 0, policy).openNanos()).isEqualTo(10 * SECOND);
  }
}
