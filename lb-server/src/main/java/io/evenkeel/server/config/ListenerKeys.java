package io.evenkeel.server.config;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.proxy.OnServerDown;
import io.evenkeel.proxy.TcpProxy;
import io.evenkeel.server.config.Shape.Fields;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a listener may say. */
final class ListenerKeys {

  private static final Pattern IPV4 =
      Pattern.compile("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?!$)|$)){4}");

  private static final Key<ListenerConfig, HostPort> ADDRESS =
      Key.required(
          "address",
          Types.address(0, "0.0.0.0"),
          ListenerConfig::address,
          "Where clients come in: HOST:PORT, or :PORT for every address of this machine.");

  private static final Key<ListenerConfig, Optional<String>> BALANCER =
      Key.optional(
          "balancer",
          Types.text(),
          config -> Optional.of(config.balancer()),
          "the only one, if there is one",
          "The name of the balancer that picks the servers.");

  private static final Key<ListenerConfig, Optional<Integer>> EVENT_LOOPS =
      Key.of(
          "event_loops",
          Types.wordOr("auto", Types.integer(1, 1024)),
          config -> Optional.ofNullable(config.eventLoops()),
          Optional.empty(),
          "Threads that carry the traffic; auto: as many as there are processors.");

  private static final Key<ListenerConfig, Boolean> REUSE_PORT =
      Key.of(
          "reuse_port",
          Types.bool(),
          ListenerConfig::reusePort,
          false,
          "Whether other processes may listen on the same address, if they ask for it, too.");

  private static final Key<ListenerConfig, Optional<Integer>> MAX_CONNECTIONS =
      limit(
          "max_connections",
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          ListenerConfig::maxConnections,
          "Clients at a time; further ones wait in the system's queue.");

  private static final Key<ListenerConfig, Optional<Integer>> ACCEPT_RATE =
      limit(
          "accept_rate",
          1_000_000,
          0,
          ListenerConfig::acceptRate,
          "Clients to take in a second; further ones wait in the system's queue.");

  private static final Key<ListenerConfig, Integer> MAX_WAITING =
      Key.of(
          "max_waiting",
          Types.integer(0, Integer.MAX_VALUE),
          ListenerConfig::maxWaiting,
          0,
          "Clients that may wait at a time while every server has as many as it may.");

  private static final Key<ListenerConfig, Duration> WAIT_TIMEOUT =
      time("wait_timeout", 5, ListenerConfig::waitTimeout, "How long a client may wait so.");

  private static final Key<ListenerConfig, Integer> CONNECT_ATTEMPTS =
      Key.of(
          "connect_attempts",
          Types.integer(1, Integer.MAX_VALUE),
          ListenerConfig::connectAttempts,
          3,
          "Servers to try for one client, the first included.");

  private static final Key<ListenerConfig, Duration> CONNECT_TIMEOUT =
      time(
          "connect_timeout",
          5,
          ListenerConfig::connectTimeout,
          "How long connecting to a server may take before another one is tried.");

  private static final Key<ListenerConfig, Duration> CONNECT_DEADLINE =
      time(
          "connect_deadline",
          15,
          ListenerConfig::connectDeadline,
          "How long looking for a server may take in all.");

  private static final Key<ListenerConfig, Duration> IDLE_TIMEOUT =
      time(
          "idle_timeout",
          60,
          ListenerConfig::idleTimeout,
          "A connection on which nothing moves for so long is closed.");

  private static final Key<ListenerConfig, Duration> HALF_CLOSED_TIMEOUT =
      time(
          "half_closed_timeout",
          30,
          ListenerConfig::halfClosedTimeout,
          "The same, once one end has said that it sends no more.");

  private static final Key<ListenerConfig, Optional<Duration>> MAX_LIFETIME =
      Key.of(
          "max_lifetime",
          Types.wordOr("off", positiveTime()),
          config -> Optional.of(config.maxLifetime()).filter(time -> !time.isZero()),
          Optional.empty(),
          "How long a connection may last in all.");

  private static final Key<ListenerConfig, List<InetAddress>> SOURCE_ADDRESSES =
      Key.of(
          "source_addresses",
          Types.list(ipAddress()),
          ListenerConfig::sourceAddresses,
          List.of(),
          "This machine's addresses that connections to servers come from, in turn; none: the"
              + " system's choice.");

  private static final Key<ListenerConfig, Integer> WARM_CONNECTIONS =
      Key.of(
          "warm_connections",
          Types.integer(0, 1_000),
          ListenerConfig::warmConnections,
          0,
          "Connections to each server that are made beforehand.");

  private static final Key<ListenerConfig, OnServerDown> ON_SERVER_DOWN =
      Key.of(
          "on_server_down",
          Types.oneOf(OnServerDown.class),
          ListenerConfig::onServerDown,
          OnServerDown.FINISH,
          "What becomes of a server's connections when its check says that it is down.");

  private static final Key<ListenerConfig, Boolean> TCP_NO_DELAY =
      Key.of(
          "tcp_no_delay",
          Types.bool(),
          ListenerConfig::tcpNoDelay,
          true,
          "TCP_NODELAY: small writes are not held back.");

  private static final Key<ListenerConfig, Boolean> KEEP_ALIVE =
      Key.of(
          "keep_alive",
          Types.bool(),
          ListenerConfig::keepAlive,
          false,
          "SO_KEEPALIVE: the system asks now and then whether the other end is there.");

  private static final Key<ListenerConfig, Optional<Integer>> RECEIVE_BUFFER =
      buffer(
          "receive_buffer",
          1_024,
          1 << 30,
          ListenerConfig::receiveBuffer,
          "SO_RCVBUF of each connection; auto: the system's choice.");

  private static final Key<ListenerConfig, Optional<Integer>> SEND_BUFFER =
      buffer(
          "send_buffer",
          1_024,
          1 << 30,
          ListenerConfig::sendBuffer,
          "SO_SNDBUF of each connection; auto: the system's choice.");

  private static final Key<ListenerConfig, Optional<Integer>> READ_BUFFER =
      buffer(
          "read_buffer",
          4_096,
          16 << 20,
          ListenerConfig::readBuffer,
          "The most that one read takes, one buffer for each event loop; auto: 512KiB.");

  private static final Key<ListenerConfig, Integer> LOW_WATER =
      Key.of(
          "low_water",
          Types.size(0, (16 << 20) - 1),
          ListenerConfig::lowWater,
          0,
          "With so much kept for an end that takes nothing, or less, the other is read from again;"
              + " less than high_water.");

  private static final Key<ListenerConfig, Integer> HIGH_WATER =
      Key.of(
          "high_water",
          Types.size(1, 16 << 20),
          ListenerConfig::highWater,
          1,
          "With so much kept, or more, the other is not read from.");

  static final Shape<ListenerConfig> SHAPE =
      new Shape<>(
          "a listener",
          List.of(
              ADDRESS,
              BALANCER,
              EVENT_LOOPS,
              REUSE_PORT,
              MAX_CONNECTIONS,
              ACCEPT_RATE,
              MAX_WAITING,
              WAIT_TIMEOUT,
              CONNECT_ATTEMPTS,
              CONNECT_TIMEOUT,
              CONNECT_DEADLINE,
              IDLE_TIMEOUT,
              HALF_CLOSED_TIMEOUT,
              MAX_LIFETIME,
              SOURCE_ADDRESSES,
              WARM_CONNECTIONS,
              ON_SERVER_DOWN,
              TCP_NO_DELAY,
              KEEP_ALIVE,
              RECEIVE_BUFFER,
              SEND_BUFFER,
              READ_BUFFER,
              LOW_WATER,
              HIGH_WATER),
          ListenerKeys::listener);

  private ListenerKeys() {}

  private static @Nullable ListenerConfig listener(Fields fields) {
    ListenerConfig config =
        new ListenerConfig(
            fields.name(),
            fields.get(ADDRESS),
            balancer(fields),
            fields.get(EVENT_LOOPS).orElse(null),
            fields.get(REUSE_PORT),
            fields.get(MAX_CONNECTIONS).orElse(Integer.MAX_VALUE),
            fields.get(ACCEPT_RATE).orElse(0),
            fields.get(MAX_WAITING),
            fields.get(WAIT_TIMEOUT),
            fields.get(CONNECT_ATTEMPTS),
            fields.get(CONNECT_TIMEOUT),
            fields.get(CONNECT_DEADLINE),
            fields.get(IDLE_TIMEOUT),
            fields.get(HALF_CLOSED_TIMEOUT),
            fields.get(MAX_LIFETIME).orElse(Duration.ZERO),
            fields.get(SOURCE_ADDRESSES),
            fields.get(WARM_CONNECTIONS),
            fields.get(ON_SERVER_DOWN),
            fields.get(TCP_NO_DELAY),
            fields.get(KEEP_ALIVE),
            fields.get(RECEIVE_BUFFER).orElse(0),
            fields.get(SEND_BUFFER).orElse(0),
            fields.get(READ_BUFFER).orElse(0),
            fields.get(LOW_WATER),
            fields.get(HIGH_WATER));
    fields.reading().listens(config.address(), fields, "listeners." + config.name());
    if (config.lowWater() >= config.highWater()) {
      throw new IllegalArgumentException(
          "low_water: "
              + config.lowWater()
              + " (expected: less than high_water, "
              + config.highWater()
              + ")");
    }
    // What the proxy itself thinks of it; the balancer is never asked.
    try (LoadBalancer balancer =
        LoadBalancer.builder().servers(Server.of("localhost", 1)).build()) {
      config.applyTo(TcpProxy.builder(balancer));
    }
    return config;
  }

  private static String balancer(Fields fields) {
    Reading reading = fields.reading();
    Optional<String> given = fields.get(BALANCER);
    if (given.isPresent()) {
      String name = given.get();
      if (!reading.balancers.contains(name)) {
        String nearest = Spelling.nearest(name, reading.balancers);
        fields.problem(
            "balancer",
            "'"
                + Reading.shown(name)
                + "' is no balancer"
                + (nearest == null
                    ? " (expected: " + anyOf(reading) + ")"
                    : "; did you mean '" + nearest + "'?"));
      }
      return name;
    }
    if (reading.balancers.size() > 1) {
      fields.missing("balancer", anyOf(reading));
    }
    return reading.balancers.stream().findFirst().orElse("");
  }

  private static String anyOf(Reading reading) {
    return Reading.shown(
        reading.balancers.isEmpty()
            ? "one under balancers"
            : "one of " + String.join(", ", reading.balancers));
  }

  private static Key<ListenerConfig, Optional<Integer>> limit(
      String name,
      int most,
      int none,
      Function<ListenerConfig, Integer> getter,
      String description) {
    return Key.of(
        name,
        Types.wordOr("off", Types.integer(1, most)),
        config -> Optional.of(getter.apply(config)).filter(value -> value != none),
        Optional.empty(),
        description);
  }

  private static Key<ListenerConfig, Optional<Integer>> buffer(
      String name,
      int least,
      int most,
      Function<ListenerConfig, Integer> getter,
      String description) {
    return Key.of(
        name,
        Types.wordOr("auto", Types.size(least, most)),
        config -> Optional.of(getter.apply(config)).filter(value -> value != 0),
        Optional.empty(),
        description);
  }

  private static Key<ListenerConfig, Duration> time(
      String name,
      int secondsByDefault,
      Function<ListenerConfig, Duration> getter,
      String description) {
    return Key.of(name, positiveTime(), getter, Duration.ofSeconds(secondsByDefault), description);
  }

  private static Type<Duration> positiveTime() {
    return Types.duration(Duration.ofMillis(1), Durations.LONGEST);
  }

  private static Type<InetAddress> ipAddress() {
    String expected = "an IP address of this machine";
    return Types.mapped(
        Types.text("[0-9A-Fa-f:.]{2,45}", expected),
        text -> {
          boolean isV6 = text.contains(":"); // in brackets it is read, and never looked up
          if (isV6 || IPV4.matcher(text).matches()) {
            try {
              return InetAddress.getByName(isV6 ? "[" + text + "]" : text);
            } catch (UnknownHostException e) {
              // as below
            }
          }
          throw new IllegalArgumentException("'" + text + "' (expected: " + expected + ")");
        },
        InetAddress::getHostAddress);
  }
}
