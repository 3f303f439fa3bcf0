package io.evenkeel.server.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Random documents that are right: any of the keys, in any order, each with one of some values. */
final class Documents {

  private static final List<List<String>> LISTENER =
      List.of(
          List.of("event_loops: auto", "event_loops: 3"),
          List.of("reuse_port: true", "reuse_port: false"),
          List.of("max_connections: 7", "max_connections: off"),
          List.of("accept_rate: 1000000", "accept_rate: false"),
          List.of("max_waiting: 3"),
          List.of("wait_timeout: 1ms", "wait_timeout: 5s", "wait_timeout: 5000ms"),
          List.of("connect_attempts: 1"),
          List.of("connect_timeout: 90s"),
          List.of("connect_deadline: 2h"),
          List.of("idle_timeout: 8760h"),
          List.of("half_closed_timeout: 61s"),
          List.of("max_lifetime: off", "max_lifetime: 1h"),
          List.of("source_addresses: [127.0.0.1, \"::1\"]", "source_addresses: []"),
          List.of("warm_connections: 1000"),
          List.of("on_server_down: cut", "on_server_down: finish"),
          List.of("tcp_no_delay: false"),
          List.of("keep_alive: true"),
          List.of("receive_buffer: 1024", "receive_buffer: 1GiB", "receive_buffer: auto"),
          List.of("send_buffer: 64KiB"),
          List.of("read_buffer: 16MiB", "read_buffer: 4097"),
          List.of("high_water: 100"));

  private static final List<List<String>> BALANCER =
      List.of(
          List.of(
              "discovery: {file: /a/b c.txt}",
              "discovery: {dns: \"a.b:80\"}",
              "discovery: {srv: _a._tcp.b, resolver: \"[::1]:53\"}"),
          List.of(
              "selector: random",
              "selector: {name: ring_hash, placement: nginx, minimum_size: 10, maximum_size: 20}",
              "selector: {name: maglev, table_size: 13, bounded: 0.250, zone: \"1\"}",
              "selector: {name: peak_ewma, subset: 0/3, sticky_ttl: 90m, sticky_max: 5}"),
          List.of(
              "health: off",
              "health: tcp",
              "health: {interval: 1s}",
              "health: {http: \"/a?b=c\", interval: 48m, timeout: 1ms}",
              "health: {http: {path: /, status: 204, headers: {B: \"hidden 1\", A: hidden2}}, rise:"
                  + " 9}",
              "health: {http: {method: HEAD, body: \"a: b #c\", host: \"h:1\", tls: true}}",
              "health: {send_expect: {send: \"hidden \\n\", expect: PONG}, rise: 1}",
              "health: {send_expect: {expect: \"+\\u00e9\\n\\ud83d\\ude00\"}, jitter: 0}",
              "health: {agent: 1, fast_interval: 10ms, max_interval: 24h, first_result_decides:"
                  + " false}",
              "health: {fall: 2147483647, backoff_multiplier: 1.25}"),
          List.of(
              "ejection: on",
              "ejection: {consecutive_failures: off, success_rate: on}",
              "ejection: {failure_share: {share: 0.1, count: 9, minimum: 2}, ejection_time: 10m}",
              "ejection: {success_rate: {factor: 0.5, min_servers: 3}, ejects_one_at_least: true}"),
          List.of(
              "breaker: {}",
              "breaker: {failure_share: {share: 0, time: 10ms, minimum: 1}, open_time: 10m}",
              "breaker: {consecutive_failures: 1, max_open_time: 24h, trials: 1, jitter: 1}"),
          List.of("max_concurrent: 1", "max_concurrent: off"),
          List.of("slow_start: 1m", "slow_start: {window: 1ms, aggression: 0.5}"),
          List.of("panic_threshold: 1", "panic_threshold: 0.125"));

  private static final List<String> SERVERS =
      List.of(
          "a%d.example:80",
          "10.0.0.%d:80,weight=0,zone=b",
          "\"[::1]:8%d\"",
          "{host: h%d, port: 1, metadata: {\"\": \"a\\nb\", x: \"1\"}}",
          "{host: \"::%d\", port: 2, id: \"é, '%d\", weight: 9000}",
          "{host: h, port: 3, id: s%d, tier: 2147483647, zone: \"no, \", max_concurrent: 1}");

  private static final List<String> ROOT =
      List.of(
          "admin: on",
          "drain: 0s",
          "watch: true",
          "summary: 24h",
          "admin: {address: \"[::1]:1\", write_back: true}",
          "admin: {address: \":1\", tokens: {a: {token: \"!!!!!!!!!!!!!!!!\"},"
              + " b: {role: write, token: \"0123456789abcdef\"}}}");

  private final Random random;
  private final StringBuilder out = new StringBuilder();

  Documents(long seed) {
    this.random = new Random(seed);
  }

  /** A document in YAML, with a comment before nearly every line. */
  String next() {
    out.setLength(0);
    line(0, "listeners:");
    int balancers = 1 + random.nextInt(3);
    for (int i = 0; i <= random.nextInt(3); i++) {
      line(2, "l" + i + ":");
      line(4, "address: 127.0.0.1:" + (9000 + i));
      line(4, "balancer: b" + random.nextInt(balancers));
      some(LISTENER).forEach(key -> line(4, key));
    }
    line(0, "balancers:");
    for (int i = 0; i < balancers; i++) {
      line(2, "b" + i + ":");
      List<String> keys = new ArrayList<>(some(BALANCER));
      keys.add("servers:");
      Collections.shuffle(keys, random);
      keys.forEach(this::balancerKey);
    }
    if (random.nextBoolean()) {
      line(0, ROOT.get(random.nextInt(ROOT.size())));
    }
    return out.toString();
  }

  private void balancerKey(String key) {
    if (!key.equals("servers:")) {
      line(4, key);
      return;
    }
    List<String> servers = new ArrayList<>();
    servers.add("first:1");
    for (int i = 0; i < random.nextInt(6); i++) {
      servers.add(SERVERS.get(random.nextInt(SERVERS.size())).replace("%d", "" + i));
    }
    if (random.nextInt(4) == 0) {
      line(4, "servers: [" + String.join(", ", quoted(servers)) + "]");
      return;
    }
    line(4, "servers:");
    for (String server : servers) {
      if (random.nextInt(3) == 0 && server.matches("[a-z0-9.]+:[0-9]+")) {
        line(6, "- host: " + server.replaceAll(":.*", ""));
        line(8, "port: " + server.replaceAll(".*:", ""));
        line(8, "weight: 2");
      } else {
        line(6, "- " + server);
      }
    }
  }

  private static List<String> quoted(List<String> servers) {
    return servers.stream()
        .map(server -> server.matches("[a-z0-9].*") ? "\"" + server + "\"" : server)
        .toList();
  }

  private List<String> some(List<List<String>> keys) {
    List<String> some = new ArrayList<>();
    for (List<String> key : keys) {
      if (random.nextInt(3) == 0) {
        some.add(key.get(random.nextInt(key.size())));
      }
    }
    Collections.shuffle(some, random);
    return some;
  }

  private int comments;

  private void line(int indent, String text) {
    if (indent < 8 && random.nextInt(4) > 0) { // what is within a server goes with it
      out.append(" ".repeat(indent)).append("# comment ").append(comments++).append("\n");
    }
    if (random.nextInt(5) == 0) {
      out.append("\n");
    }
    out.append(" ".repeat(indent)).append(text);
    if (random.nextInt(5) == 0) {
      out.append("  # behind ").append(comments++);
    }
    out.append("\n");
  }
}
