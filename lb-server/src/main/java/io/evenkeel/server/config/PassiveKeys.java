package io.evenkeel.server.config;

import io.evenkeel.health.CircuitPolicy;
import io.evenkeel.health.OutcomeWindow;
import io.evenkeel.health.OutlierPolicy;
import io.evenkeel.health.OutlierPolicy.SuccessRate;
import io.evenkeel.server.config.Shape.Fields;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a balancer may say of the failures of real connections: ejection and circuit breakers. */
final class PassiveKeys {

  private static final int MOST = 100_000;

  /** A share that is too much if exceeded, and of what. */
  private record FailureShare(double share, OutcomeWindow window) {}

  private static final Key<FailureShare, Double> SHARE =
      Key.required(
          "share",
          Types.decimal(0, 0.999_999),
          FailureShare::share,
          "Too much if exceeded: 0.5 for more than half.");

  private static final Key<FailureShare, Optional<Integer>> COUNT =
      Key.optional(
          "count",
          Types.integer(1, MOST),
          share -> Optional.of(share.window().count()).filter(count -> count > 0),
          "by time",
          "Of the last so many outcomes.");

  private static final Key<FailureShare, Optional<Duration>> TIME =
      Key.optional(
          "time",
          Types.duration(Duration.ofMillis(10), Duration.ofDays(1)),
          share -> Optional.of(share.window().time()).filter(time -> !time.isZero()),
          "by count",
          "Of those of the last so long.");

  private static final Key<FailureShare, Optional<Integer>> MINIMUM =
      Key.optional(
          "minimum",
          Types.integer(1, Integer.MAX_VALUE),
          share ->
              Optional.of(share.window().minimum())
                  .filter(minimum -> minimum != share.window().count()),
          "the count; must be there with a time",
          "How many outcomes there must be before anything is said.");

  private static final Shape<FailureShare> FAILURE_SHARE =
      new Shape<>(
          "a share of failures, as {share: 0.5, count: 100} or {share: 0.5, time: 30s, minimum: 20}",
          List.of(SHARE, COUNT, TIME, MINIMUM),
          PassiveKeys::failureShare);

  private static final Key<SuccessRate, Double> FACTOR =
      Key.of(
          "factor",
          Types.decimal(0, 100),
          SuccessRate::factor,
          SuccessRate.DEFAULT.factor(),
          "Standard deviations below the mean.");

  private static final Key<SuccessRate, Integer> MIN_SERVERS =
      Key.of(
          "min_servers",
          Types.integer(3, Integer.MAX_VALUE),
          SuccessRate::minServers,
          SuccessRate.DEFAULT.minServers(),
          "Servers with enough outcomes that there must be.");

  private static final Key<SuccessRate, Integer> MIN_OUTCOMES =
      Key.of(
          "min_outcomes",
          Types.integer(1, Integer.MAX_VALUE),
          SuccessRate::minOutcomes,
          SuccessRate.DEFAULT.minOutcomes(),
          "What is enough, of one server in one interval.");

  private static final Type<SuccessRate> SUCCESS_RATE_TYPE =
      onOr(
          SuccessRate.DEFAULT,
          new Shape<>(
              "how success rates are compared",
              List.of(FACTOR, MIN_SERVERS, MIN_OUTCOMES),
              fields ->
                  new SuccessRate(
                      fields.get(FACTOR), fields.get(MIN_SERVERS), fields.get(MIN_OUTCOMES))));

  // ---- ejection

  private static final Key<OutlierPolicy, Optional<Integer>> EJECT_AFTER =
      Key.of(
          "consecutive_failures",
          Types.wordOr("off", Types.integer(1, Integer.MAX_VALUE)),
          policy -> Optional.of(policy.consecutiveFailures()).filter(failures -> failures > 0),
          Optional.of(5),
          "Failures in a row that take a server out.");

  private static final Key<OutlierPolicy, Optional<FailureShare>> EJECT_ABOVE =
      Key.of(
          "failure_share",
          Types.wordOr("off", FAILURE_SHARE),
          policy -> share(policy.failureShare(), policy.failureWindow()),
          Optional.empty(),
          "A share of failures that takes a server out.");

  private static final Key<OutlierPolicy, Optional<SuccessRate>> SUCCESS_RATE =
      Key.of(
          "success_rate",
          Types.wordOr("off", SUCCESS_RATE_TYPE),
          policy -> Optional.ofNullable(policy.successRate()),
          Optional.empty(),
          "Takes out servers that fail far more often than their peers.");

  private static final Key<OutlierPolicy, Duration> INTERVAL =
      Key.of(
          "interval",
          HealthKeys.time(),
          OutlierPolicy::interval,
          Duration.ofSeconds(10),
          "How often success rates are compared.");

  private static final Key<OutlierPolicy, Duration> EJECTION_TIME =
      Key.of(
          "ejection_time",
          HealthKeys.time(),
          OutlierPolicy::ejectionTime,
          Duration.ofSeconds(30),
          "How long a first ejection lasts; a second one twice as long, and so on.");

  private static final Key<OutlierPolicy, Optional<Duration>> MAX_EJECTION_TIME =
      Key.optional(
          "max_ejection_time",
          HealthKeys.time(),
          policy ->
              Optional.of(policy.maxEjectionTime())
                  .filter(time -> !time.equals(longest(policy.ejectionTime()))),
          "5m, or the ejection time where that is longer",
          "How long one lasts at most.");

  private static final Key<OutlierPolicy, Double> EJECTION_JITTER =
      jitter(OutlierPolicy::jitter, "By what share at most an ejection is shorter, at random.");

  private static final Key<OutlierPolicy, Double> MAX_EJECTED_SHARE =
      Key.of(
          "max_ejected_share",
          Types.decimal(0, 1),
          OutlierPolicy::maxEjectedShare,
          0.1,
          "The share of the servers that may be out at once; rounded down.");

  private static final Key<OutlierPolicy, Boolean> EJECTS_ONE_AT_LEAST =
      Key.of(
          "ejects_one_at_least",
          Types.bool(),
          OutlierPolicy::ejectsOneAtLeast,
          false,
          "Whether one may be out where that share makes less than one.");

  static final Key<BalancerConfig, Optional<OutlierPolicy>> EJECTION =
      Key.of(
          "ejection",
          Types.wordOr(
              "off",
              onOr(
                  OutlierPolicy.builder().build(),
                  new Shape<>(
                      "when a server is out because of its failures",
                      List.of(
                          EJECT_AFTER,
                          EJECT_ABOVE,
                          SUCCESS_RATE,
                          INTERVAL,
                          EJECTION_TIME,
                          MAX_EJECTION_TIME,
                          EJECTION_JITTER,
                          MAX_EJECTED_SHARE,
                          EJECTS_ONE_AT_LEAST),
                      PassiveKeys::ejection))),
          balancer -> Optional.ofNullable(balancer.ejection()),
          Optional.empty(),
          "Takes servers out whose connections fail: off, on, or an object.");

  // ---- breaker

  private static final Key<CircuitPolicy, Optional<Integer>> OPEN_AFTER =
      Key.of(
          "consecutive_failures",
          Types.wordOr("off", Types.integer(1, Integer.MAX_VALUE)),
          policy -> Optional.of(policy.consecutiveFailures()).filter(failures -> failures > 0),
          Optional.of(5),
          "Failures in a row that open a server's circuit.");

  private static final Key<CircuitPolicy, Optional<FailureShare>> OPEN_ABOVE =
      Key.of(
          "failure_share",
          Types.wordOr("off", FAILURE_SHARE),
          policy -> share(policy.failureShare(), policy.failureWindow()),
          Optional.empty(),
          "A share of failures that opens it.");

  private static final Key<CircuitPolicy, Duration> OPEN_TIME =
      Key.of(
          "open_time",
          HealthKeys.time(),
          CircuitPolicy::openTime,
          Duration.ofSeconds(10),
          "How long it is open before trials; twice as long each time that they fail.");

  private static final Key<CircuitPolicy, Optional<Duration>> MAX_OPEN_TIME =
      Key.optional(
          "max_open_time",
          HealthKeys.time(),
          policy ->
              Optional.of(policy.maxOpenTime())
                  .filter(time -> !time.equals(longest(policy.openTime()))),
          "5m, or the open time where that is longer",
          "How long at most.");

  private static final Key<CircuitPolicy, Double> OPEN_JITTER =
      jitter(CircuitPolicy::jitter, "By what share at most an open time is shorter, at random.");

  private static final Key<CircuitPolicy, Integer> TRIALS =
      Key.of(
          "trials",
          Types.integer(1, Integer.MAX_VALUE),
          CircuitPolicy::trials,
          3,
          "How many connections are tried then, and must succeed for it to close.");

  private static final Key<CircuitPolicy, Duration> TRIAL_TIMEOUT =
      Key.of(
          "trial_timeout",
          HealthKeys.time(),
          CircuitPolicy::trialTimeout,
          Duration.ofMinutes(1),
          "How long the last trial may be without an outcome.");

  static final Key<BalancerConfig, Optional<CircuitPolicy>> BREAKER =
      Key.of(
          "breaker",
          Types.wordOr(
              "off",
              onOr(
                  CircuitPolicy.builder().build(),
                  new Shape<>(
                      "when a server's circuit opens",
                      List.of(
                          OPEN_AFTER,
                          OPEN_ABOVE,
                          OPEN_TIME,
                          MAX_OPEN_TIME,
                          OPEN_JITTER,
                          TRIALS,
                          TRIAL_TIMEOUT),
                      PassiveKeys::breaker))),
          balancer -> Optional.ofNullable(balancer.breaker()),
          Optional.empty(),
          "A circuit breaker for each server: off, on, or an object.");

  private PassiveKeys() {}

  /** {@code on} for all the defaults. */
  private static <T> Type<T> onOr(T byDefault, Type<T> full) {
    return Types.shorthand(Types.on(byDefault), full);
  }

  private static <R> Key<R, Double> jitter(Function<R, Double> getter, String description) {
    return Key.of("jitter", Types.decimal(0, 1), getter, 0.1, description);
  }

  private static Duration longest(Duration first) {
    Duration usual = Duration.ofMinutes(5);
    return first.compareTo(usual) > 0 ? first : usual;
  }

  private static Optional<FailureShare> share(double share, @Nullable OutcomeWindow window) {
    return window == null ? Optional.empty() : Optional.of(new FailureShare(share, window));
  }

  private static @Nullable FailureShare failureShare(Fields fields) {
    if (!fields.hasOneOf(COUNT, TIME)) {
      return null;
    }
    Optional<Integer> minimum = fields.get(MINIMUM);
    int count = fields.get(COUNT).orElse(0);
    if (count == 0 && minimum.isEmpty()) {
      fields.missing("minimum", "with a time, how many outcomes there must be");
      return null;
    }
    return new FailureShare(
        fields.get(SHARE),
        new OutcomeWindow(count, fields.get(TIME).orElse(Duration.ZERO), minimum.orElse(count)));
  }

  private static OutlierPolicy ejection(Fields fields) {
    OutlierPolicy.Builder policy =
        OutlierPolicy.builder()
            .interval(fields.get(INTERVAL))
            .ejectionTime(fields.get(EJECTION_TIME))
            .jitter(fields.get(EJECTION_JITTER))
            .maxEjectedShare(fields.get(MAX_EJECTED_SHARE))
            .ejectsOneAtLeast(fields.get(EJECTS_ONE_AT_LEAST));
    fields
        .get(EJECT_AFTER)
        .ifPresentOrElse(policy::consecutiveFailures, policy::withoutConsecutiveFailures);
    fields.get(EJECT_ABOVE).ifPresent(share -> policy.failureShare(share.share(), share.window()));
    fields.get(SUCCESS_RATE).ifPresent(policy::successRate);
    fields.get(MAX_EJECTION_TIME).ifPresent(policy::maxEjectionTime);
    return policy.build();
  }

  private static CircuitPolicy breaker(Fields fields) {
    CircuitPolicy.Builder policy =
        CircuitPolicy.builder()
            .openTime(fields.get(OPEN_TIME))
            .jitter(fields.get(OPEN_JITTER))
            .trials(fields.get(TRIALS))
            .trialTimeout(fields.get(TRIAL_TIMEOUT));
    fields
        .get(OPEN_AFTER)
        .ifPresentOrElse(policy::consecutiveFailures, policy::withoutConsecutiveFailures);
    fields.get(OPEN_ABOVE).ifPresent(share -> policy.failureShare(share.share(), share.window()));
    fields.get(MAX_OPEN_TIME).ifPresent(policy::maxOpenTime);
    return policy.build();
  }
}
