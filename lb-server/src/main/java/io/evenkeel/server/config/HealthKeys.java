package io.evenkeel.server.config;

import io.evenkeel.health.HealthPolicy;
import io.evenkeel.health.Probe;
import io.evenkeel.server.config.BalancerConfig.HealthConfig;
import io.evenkeel.server.config.Shape.Fields;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** How servers are checked: by connecting, unless it says otherwise. */
final class HealthKeys {

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);

  /** By TCP, with the policy's defaults. */
  static final HealthConfig DEFAULT =
      new HealthConfig(new ProbeConfig.Tcp(), HealthPolicy.builder().build());

  private static final String STATUS = "[2-5][0-9][0-9](?:-[2-5][0-9][0-9])?";

  /** A range of statuses. */
  private record Statuses(int least, int most) {

    static Statuses of(String text) {
      return new Statuses(
          Integer.parseInt(text.substring(0, 3)),
          Integer.parseInt(text.substring(text.length() - 3)));
    }

    String text() {
      return least == most ? least + "" : least + "-" + most;
    }
  }

  private static final Key<ProbeConfig.Http, String> PATH =
      Key.of("path", Types.text(), ProbeConfig.Http::path, "/", "What is asked for.");

  private static final Key<ProbeConfig.Http, String> METHOD =
      Key.of("method", Types.text(), ProbeConfig.Http::method, "GET", "How.");

  private static final Key<ProbeConfig.Http, Statuses> STATUSES =
      Key.of(
          "status",
          Types.mapped(
              Types.numericOrText(STATUS, "a status, or a range of them as 200-399"),
              Statuses::of,
              Statuses::text),
          http -> new Statuses(http.leastStatus(), http.mostStatus()),
          new Statuses(200, 399),
          "Which answers are good: a status, or a range of them.");

  private static final Key<ProbeConfig.Http, Optional<String>> BODY =
      Key.optional(
          "body",
          Types.text(),
          http -> Optional.ofNullable(http.body()),
          "anything",
          "A text that the answer has to contain.");

  private static final Key<ProbeConfig.Http, Optional<String>> HTTP_HOST =
      Key.optional(
          "host",
          Types.text(),
          http -> Optional.ofNullable(http.host()),
          "the server's",
          "The name in the Host header, and of the certificate.");

  /** May be a secret, so that the probe is not to complain with it in the message. */
  private static final Type<String> HEADER_VALUE =
      Types.secret(
          "[\\x20-\\x7e\\x80-\\xff\\t]*",
          "a text without control characters; in quotes, if it looks like a number");

  private static final Key<ProbeConfig.Http, Map<String, String>> HEADERS =
      Key.of(
          "headers",
          Types.map("[!#$%&'*+.^_`|~0-9A-Za-z-]+", "an HTTP token", 0, HEADER_VALUE),
          http -> new TreeMap<>(http.headers()),
          Map.of(),
          "More headers, by their names.");

  private static final Key<ProbeConfig.Http, Boolean> TLS =
      Key.of("tls", Types.bool(), ProbeConfig.Http::tls, false, "Whether by HTTPS.");

  private static final Key<ProbeConfig.Http, Boolean> VERIFY =
      Key.of(
          "verify",
          Types.bool(),
          ProbeConfig.Http::verify,
          true,
          "Whether the certificate is looked at.");

  private static final Shape<ProbeConfig.Http> HTTP_SHAPE =
      new Shape<>(
          "what to ask for by HTTP",
          List.of(PATH, METHOD, STATUSES, BODY, HTTP_HOST, HEADERS, TLS, VERIFY),
          HealthKeys::http);

  private static final Type<ProbeConfig.Http> HTTP =
      Types.shorthand(
          Types.mapped(
              Types.text("/.*", "a path, as /health"),
              HealthKeys::get,
              http -> http.equals(plainOrNull(http.path())) ? http.path() : null),
          HTTP_SHAPE);

  private static final Key<ProbeConfig.SendExpect, String> SEND =
      Key.of(
          "send",
          Types.secret("[\\s\\S]*", Types.text().expected()),
          ProbeConfig.SendExpect::send,
          "",
          "What to send; nothing to wait for a greeting.");

  private static final Key<ProbeConfig.SendExpect, String> EXPECT =
      Key.required("expect", Types.text(), ProbeConfig.SendExpect::expect, "What to wait for.");

  private static final Shape<ProbeConfig.SendExpect> SEND_EXPECT_SHAPE =
      new Shape<>(
          "a text to send and one to expect", List.of(SEND, EXPECT), HealthKeys::sendExpect);

  private static final Key<HealthConfig, Optional<ProbeConfig.Http>> BY_HTTP =
      Key.optional(
          "http",
          HTTP,
          health ->
              health.probe() instanceof ProbeConfig.Http http
                  ? Optional.of(http)
                  : Optional.empty(),
          "no; by connecting",
          "Asks by HTTP: a path, or an object.");

  private static final Key<HealthConfig, Optional<ProbeConfig.SendExpect>> BY_TEXT =
      Key.optional(
          "send_expect",
          SEND_EXPECT_SHAPE,
          health ->
              health.probe() instanceof ProbeConfig.SendExpect text
                  ? Optional.of(text)
                  : Optional.empty(),
          "no",
          "Sends a text and waits for another.");

  private static final Key<HealthConfig, Optional<Integer>> BY_AGENT =
      Key.optional(
          "agent",
          Types.integer(1, 65_535),
          health ->
              health.probe() instanceof ProbeConfig.Agent agent
                  ? Optional.of(agent.port())
                  : Optional.empty(),
          "no",
          "Asks an agent at that port of the server, which says up, down or a share in percent.");

  private static final Key<HealthConfig, Duration> INTERVAL =
      Key.of(
          "interval",
          time(),
          health -> health.policy().interval(),
          HealthPolicy.builder().build().interval(),
          "How often each server is checked.");

  private static final Key<HealthConfig, Optional<Duration>> TIMEOUT =
      derived(
          "timeout",
          HealthPolicy::timeout,
          "3s, or the interval where that is shorter",
          "How long a check may take; at most the interval.");

  private static final Key<HealthConfig, Integer> RISE =
      Key.of(
          "rise",
          Types.integer(1, Integer.MAX_VALUE),
          health -> health.policy().healthyThreshold(),
          2,
          "Good checks in a row that bring a server back.");

  private static final Key<HealthConfig, Integer> FALL =
      Key.of(
          "fall",
          Types.integer(1, Integer.MAX_VALUE),
          health -> health.policy().unhealthyThreshold(),
          3,
          "Failed checks in a row that take a server out.");

  private static final Key<HealthConfig, Boolean> FIRST_RESULT_DECIDES =
      Key.of(
          "first_result_decides",
          Types.bool(),
          health -> health.policy().firstResultDecides(),
          true,
          "Whether a new server is out after its first check, if that fails.");

  private static final Key<HealthConfig, Optional<Duration>> FAST_INTERVAL =
      derived(
          "fast_interval",
          HealthPolicy::fastInterval,
          "the interval",
          "How often while the last check speaks against what is thought of the server.");

  private static final Key<HealthConfig, Double> BACKOFF_MULTIPLIER =
      Key.of(
          "backoff_multiplier",
          Types.decimal(1, 100),
          health -> health.policy().backoffMultiplier(),
          1.5,
          "By how much the wait for a dead server grows each time; 1: not at all.");

  private static final Key<HealthConfig, Optional<Duration>> MAX_INTERVAL =
      derived(
          "max_interval",
          HealthPolicy::maxInterval,
          "6 intervals",
          "How long that wait grows at most.");

  private static final Key<HealthConfig, Double> JITTER =
      Key.of(
          "jitter",
          Types.decimal(0, 1),
          health -> health.policy().jitter(),
          0.1,
          "By what share of itself each wait is shortened at most, at random.");

  private static final Shape<HealthConfig> SHAPE =
      new Shape<>(
          "how servers are checked",
          List.of(
              BY_HTTP,
              BY_TEXT,
              BY_AGENT,
              INTERVAL,
              TIMEOUT,
              RISE,
              FALL,
              FIRST_RESULT_DECIDES,
              FAST_INTERVAL,
              BACKOFF_MULTIPLIER,
              MAX_INTERVAL,
              JITTER),
          HealthKeys::health);

  static final Type<Optional<HealthConfig>> TYPE =
      Types.wordOr(
          "off",
          Types.shorthand(
              Types.words(Map.of("tcp", DEFAULT), health -> health.equals(DEFAULT) ? "tcp" : false),
              SHAPE));

  private HealthKeys() {}

  private static ProbeConfig.@Nullable Http http(Fields fields) {
    Map<String, String> headers = new TreeMap<>(fields.get(HEADERS));
    boolean isRight = true;
    for (Map.Entry<String, String> header : headers.entrySet()) {
      if (header.getValue().equals(AdminKeys.UNCHANGED)) {
        String value =
            inForce(fields) instanceof ProbeConfig.Http http
                ? http.headers().get(header.getKey())
                : null;
        if (value == null) {
          nothingInForce(fields, HEADERS, "'" + header.getKey() + "' is ", "its value");
          isRight = false;
        } else {
          header.setValue(value);
        }
      }
    }
    if (!isRight) {
      return null;
    }
    return checked(
        new ProbeConfig.Http(
            fields.get(PATH),
            fields.get(METHOD),
            fields.get(STATUSES).least(),
            fields.get(STATUSES).most(),
            fields.get(BODY).orElse(null),
            fields.get(HTTP_HOST).orElse(null),
            headers,
            fields.get(TLS),
            fields.get(VERIFY)));
  }

  private static ProbeConfig.@Nullable SendExpect sendExpect(Fields fields) {
    String send = fields.get(SEND);
    if (send.equals(AdminKeys.UNCHANGED)) {
      if (!(inForce(fields) instanceof ProbeConfig.SendExpect text)) {
        nothingInForce(fields, SEND, "", "the text");
        return null;
      }
      send = text.send();
    }
    return checked(new ProbeConfig.SendExpect(send, fields.get(EXPECT)));
  }

  /** How the servers of the balancer of that name are checked now; null if they are not. */
  private static @Nullable ProbeConfig inForce(Fields fields) {
    Config config = fields.reading().inForce;
    String name = fields.path().split("\\.", -1)[1]; // balancers.NAME.health.http
    BalancerConfig balancer = config == null ? null : config.balancer(name).orElse(null);
    HealthConfig health = balancer == null ? null : balancer.health();
    return health == null ? null : health.probe();
  }

  private static void nothingInForce(Fields fields, Key<?, ?> key, String what, String expected) {
    fields.problem(
        key.name(),
        what
            + "'"
            + AdminKeys.UNCHANGED
            + "', and the balancer of that name has none in force (expected: "
            + expected
            + ")");
  }

  /** Takes from what was written of it what may be a secret. */
  static void hideSecrets(@Nullable Object health) {
    if (health instanceof Tree tree
        && tree.get(BY_HTTP.name()) instanceof Tree http
        && http.get(HEADERS.name()) instanceof Tree headers) {
      headers.replaceAll((name, value) -> AdminKeys.UNCHANGED);
    }
    if (health instanceof Tree tree
        && tree.get(BY_TEXT.name()) instanceof Tree text
        && !text.mayLeaveOut(SEND.name())) {
      text.put(SEND.name(), AdminKeys.UNCHANGED);
    }
  }

  private static @Nullable HealthConfig health(Fields fields) {
    ProbeConfig probe = new ProbeConfig.Tcp();
    List<Key<HealthConfig, ? extends Optional<?>>> probes = List.of(BY_HTTP, BY_TEXT, BY_AGENT);
    List<String> given = probes.stream().filter(fields::has).map(key -> key.name()).toList();
    if (given.size() > 1) {
      fields.problem(given.get(1), "beside " + given.get(0) + " (expected: one of them)");
      return null;
    }
    if (fields.get(BY_HTTP).isPresent()) {
      probe = fields.get(BY_HTTP).get();
    } else if (fields.get(BY_TEXT).isPresent()) {
      probe = fields.get(BY_TEXT).get();
    } else if (fields.get(BY_AGENT).isPresent()) {
      probe = checked(new ProbeConfig.Agent(fields.get(BY_AGENT).get()));
    }
    HealthPolicy.Builder policy =
        HealthPolicy.builder()
            .interval(fields.get(INTERVAL))
            .healthyThreshold(fields.get(RISE))
            .unhealthyThreshold(fields.get(FALL))
            .firstResultDecides(fields.get(FIRST_RESULT_DECIDES))
            .backoffMultiplier(fields.get(BACKOFF_MULTIPLIER))
            .jitter(fields.get(JITTER));
    fields.get(TIMEOUT).ifPresent(policy::timeout);
    fields.get(FAST_INTERVAL).ifPresent(policy::fastInterval);
    fields.get(MAX_INTERVAL).ifPresent(policy::maxInterval);
    return new HealthConfig(probe, policy.build());
  }

  static Type<Duration> time() {
    return Types.duration(SHORTEST, LONGEST);
  }

  /** A time that follows from the interval, unless it is given. */
  private static Key<HealthConfig, Optional<Duration>> derived(
      String name, Function<HealthPolicy, Duration> getter, String byDefault, String description) {
    return Key.optional(
        name,
        time(),
        health -> {
          HealthPolicy plain = HealthPolicy.builder().interval(health.policy().interval()).build();
          Duration value = getter.apply(health.policy());
          return Optional.of(value).filter(time -> !time.equals(getter.apply(plain)));
        },
        byDefault,
        description);
  }

  private static ProbeConfig.Http get(String path) {
    return checked(new ProbeConfig.Http(path, "GET", 200, 399, null, null, Map.of(), false, true));
  }

  private static ProbeConfig.@Nullable Http plainOrNull(String path) {
    try {
      return get(path);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** If the probe thinks so, too. */
  private static <P extends ProbeConfig> P checked(P probe) {
    Probe unused = probe.toProbe();
    return probe;
  }
}
