package io.evenkeel.health;

import static io.evenkeel.health.CircuitBreaker.Status.CLOSED;
import static io.evenkeel.health.CircuitBreaker.Status.HALF_OPEN;
import static io.evenkeel.health.CircuitBreaker.Status.OPEN;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.VirtualTime;
import io.evenkeel.health.CircuitBreaker.Permit;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A breaker alone, around calls. */
class CircuitBreakerTest {

  private final IOException failure = new IOException("no");

  private final VirtualTime time = new VirtualTime();

  @Test
  void failuresInARow_open_andRefuseAtOnce() {
    CircuitBreaker breaker = breaker(policy().consecutiveFailures(3).trials(2));
    fail(breaker, 2);
    breaker.call(() -> "well");
    fail(breaker, 2);
    assertThat(breaker.stats().status()).isEqualTo(CLOSED);

    fail(breaker, 1);
    time.advance(ofSeconds(4));
    AtomicInteger called = new AtomicInteger();
    assertThatThrownBy(() -> breaker.call(called::incrementAndGet))
        .isInstanceOfSatisfying(
            CircuitOpenException.class, e -> assertThat(e.retryAfter()).isEqualTo(ofSeconds(6)))
        .hasMessage("circuit 'test' is open: tries again in 6s");
    assertThat(called).hasValue(0);
    assertThat(breaker.stats())
        .isEqualTo(
            new CircuitStats(
                OPEN,
                ofSeconds(4),
                1,
                ofSeconds(6),
                0,
                "3 failures in a row, the last: java.io.IOException: no"));
  }

  @Test
  void halfOpen_letsThroughAsManyAsItSays_andClosesWhenAllSucceed() {
    CircuitBreaker breaker = opened(policy().trials(2));
    Permit first = breaker.acquire();
    Permit second = breaker.acquire();
    assertThat(breaker.tryAcquire()).isNull();
    assertThatThrownBy(breaker::acquire)
        .isInstanceOf(CircuitOpenException.class)
        .hasMessage("circuit 'test' is half-open: its trials are under way");
    first.success();
    assertThat(breaker.tryAcquire()).isNull();
    assertThat(breaker.stats().status()).isEqualTo(HALF_OPEN);

    second.success();
    assertThat(breaker.stats().status()).isEqualTo(CLOSED);
    assertThat(breaker.stats().cause()).isEqualTo("2 of 2 trials succeeded");
    assertThat(breaker.call(() -> "well")).isEqualTo("well");
  }

  @Test
  void trialThatFails_opensForTwiceAsLong() {
    CircuitBreaker breaker = opened(policy().trials(2));
    Permit first = breaker.acquire();
    Permit second = breaker.acquire();
    second.failure(failure);
    assertThat(breaker.stats().status()).isEqualTo(OPEN);
    assertThat(breaker.stats().retryAfter()).isEqualTo(ofSeconds(20));
    first.success(); // too late: of a period that is over
    assertThat(breaker.stats().status()).isEqualTo(OPEN);

    time.advance(ofSeconds(20));
    assertThat(breaker.acquire()).isNotNull();
    first.close();
    assertThat(breaker.stats().freeTrials()).isEqualTo(1); // nor does it give back another's
  }

  @Test
  void trialWithoutAnOutcome_isGivenBack() {
    CircuitBreaker breaker = opened(policy().trials(1));
    breaker.acquire().close();
    breaker.acquire().failure(new CancellationException()); // counts as neither
    assertThatThrownBy(
            () ->
                breaker.call(
                    () -> {
                      throw new CancellationException();
                    }))
        .isInstanceOf(CancellationException.class);
    Permit last = breaker.acquire();
    assertThat(breaker.tryAcquire()).isNull();
    last.close();
    last.success(); // what is closed has nothing to say
    last.failure(failure);
    assertThat(breaker.stats().status()).isEqualTo(HALF_OPEN);
    assertThat(breaker.stats().freeTrials()).isEqualTo(1);
  }

  @Test
  void permitThatIsLost_doesNotKeepItHalfOpenForEver() {
    CircuitBreaker breaker = opened(policy().trials(2).trialTimeout(ofSeconds(30)));
    breaker.acquire();
    time.advance(ofSeconds(1_000));
    Permit lost = breaker.acquire(); // one was free all the time
    time.advance(ofMillis(29_999));
    assertThat(breaker.tryAcquire()).isNull();
    assertThat(breaker.stats().status()).isEqualTo(HALF_OPEN);

    time.advance(ofMillis(1));
    assertThat(breaker.tryAcquire()).isNull();
    assertThat(breaker.stats().status()).isEqualTo(OPEN);
    assertThat(breaker.stats().cause()).isEqualTo("trials without an outcome, the last for 30s");
    lost.success();
    assertThat(breaker.stats().status()).isEqualTo(OPEN);
  }

  @Test
  void failureShare_opens_andIsCountedFromNothingAfterwards() {
    CircuitBreaker breaker =
        opened(
            policy()
                .withoutConsecutiveFailures()
                .failureShare(0.5, OutcomeWindow.ofTime(ofSeconds(10), 5))
                .trials(1));
    breaker.call(() -> "well");
    fail(breaker, 4);
    assertThat(breaker.stats().status()).isEqualTo(CLOSED); // four of four, and five are needed
    time.advance(ofSeconds(10));
    fail(breaker, 1);
    assertThat(breaker.stats().status()).isEqualTo(CLOSED);
    fail(breaker, 4);
    assertThat(breaker.stats().cause())
        .isEqualTo("5 of the last 5 failed, the last: java.io.IOException: no");
  }

  @Test
  void whatWasLetThroughBeforeItOpened_isNoTrial() {
    CircuitBreaker breaker = breaker(policy().trials(1));
    List<Permit> early = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      early.add(breaker.acquire());
    }
    fail(breaker, 5);
    time.advance(ofSeconds(10));
    Permit trial = breaker.acquire();
    early.get(0).success();
    early.get(1).failure(failure);
    early.get(2).close();
    assertThat(breaker.stats().status()).isEqualTo(HALF_OPEN);
    assertThat(breaker.stats().freeTrials()).isZero();
    trial.success();
    assertThat(breaker.stats().status()).isEqualTo(CLOSED);
  }

  /**
   * Threads that ask, succeed, fail, cancel and lose what they got, while time passes: of one
   * half-open period never more trials are out or done than it has, and when all have said their
   * word it has them all back.
   */
  @Test
  void manyThreads_neverMoreTrialsThanItSays() throws Exception {
    long seed = io.evenkeel.core.Threads.seed();
    System.out.println("seed " + seed);
    int trials = 3;
    AtomicLong clock = new AtomicLong(1);
    // Of the period under way: taken and not given back.
    AtomicInteger[] taken = new AtomicInteger[1 << 20];
    CircuitBreaker breaker =
        new CircuitBreaker(
            "stress",
            policy()
                .consecutiveFailures(2)
                .openTime(ofMillis(1))
                .maxOpenTime(ofMillis(2))
                .trials(trials)
                .build(),
            clock::get,
            seed,
            new CircuitBreaker.Listener() {
              @Override
              public void changed(CircuitBreaker.Transition transition) {
                int period = (int) transition.after().period();
                if (taken[period] == null) {
                  taken[period] = new AtomicInteger();
                }
              }

              @Override
              public void afterwards(CircuitBreaker.Transition transition) {}
            });
    AtomicLong admitted = new AtomicLong();
    io.evenkeel.core.Threads.run(
        4,
        index -> {
          SplittableRandom random = new SplittableRandom(seed + index);
          for (int i = 0; i < 100_000; i++) {
            clock.addAndGet(20_000);
            long ticket = breaker.tryEnter();
            if (ticket > 0) {
              admitted.incrementAndGet();
              assertThat(taken[(int) ticket].incrementAndGet()).isBetween(1, trials);
            }
            if (ticket == CircuitBreaker.REFUSED) {
              continue;
            }
            int what = random.nextInt(10);
            if (what < 6) {
              breaker.succeeded(ticket);
            } else if (what < 8) {
              breaker.failed(ticket, failure);
            } else {
              if (ticket > 0) {
                taken[(int) ticket].decrementAndGet(); // first: another may have it at once
              }
              breaker.ended(ticket);
            }
          }
        });
    assertThat(admitted.get()).isGreaterThan(1_000);
    assertThat(breaker.state().period()).isGreaterThan(100);
    CircuitState end = breaker.state();
    if (end.status() == HALF_OPEN) {
      assertThat(end.free() + end.succeeded()).isEqualTo(trials);
    }
  }

  private CircuitBreaker opened(CircuitPolicy.Builder policy) {
    CircuitBreaker breaker = breaker(policy);
    fail(breaker, 5);
    assertThat(breaker.stats().status()).isEqualTo(OPEN);
    time.advance(ofSeconds(10));
    return breaker;
  }

  private static CircuitPolicy.Builder policy() {
    return CircuitPolicy.builder().jitter(0).openTime(Duration.ofSeconds(10));
  }

  private CircuitBreaker breaker(CircuitPolicy.Builder policy) {
    return CircuitBreaker.builder("test").policy(policy.build()).clock(time).build();
  }

  private void fail(CircuitBreaker breaker, int times) {
    for (int i = 0; i < times; i++) {
      assertThatThrownBy(
              () ->
                  breaker.call(
                      () -> {
                        throw failure;
                      }))
          .isSameAs(failure);
    }
  }
}
