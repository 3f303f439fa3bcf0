package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What is measured, and what Evenkeel's CPU by that of the better of the others is to be. */
enum Scenario {
  A("keep-alive, 100 B", "64 keep-alive connections, 100-byte replies", "/100", "", 0.95),
  B("keep-alive, 10 KB", "64 keep-alive connections, 10 KB replies", "/10k", "", 0.95),
  C("1 MiB replies", "64 keep-alive connections, 1 MiB replies", "/1m", "", 0.85),
  D(
      "a connection a request",
      "64 clients, each request on a connection of its own, 100-byte replies",
      "/100",
      "wrk.headers['Connection'] = 'close'",
      1.15),
  E("beside idle relays", "as (a), beside idle relays", "/100", "", 0.95),
  F(
      "1 MiB uploads",
      "64 keep-alive connections, 1 MiB requests, 2-byte replies",
      "/",
      "wrk.method = 'POST'; wrk.body = string.rep('x', 1048576)",
      0.85);

  /** wrk's own summary is rounded. */
  private static final String RESULT =
      """

      done = function(summary, latency)
        local e = summary.errors
        print(string.format('result %d %d %d %d %d', summary.requests, summary.bytes,
            latency:percentile(50), latency:percentile(99),
            e.connect + e.read + e.write + e.status + e.timeout))
      end
      """;

  private final String title;
  private final String description;
  private final String path;
  private final String setUp;
  private final double bar;

  Scenario(String title, String description, String path, String setUp, double bar) {
    this.title = title;
    this.description = description;
    this.path = path;
    this.setUp = setUp;
    this.bar = bar;
  }

  /** As "(a)". */
  String letter() {
    return "(" + name().toLowerCase(Locale.ROOT) + ")";
  }

  String title() {
    return title;
  }

  String description() {
    return description;
  }

  String path() {
    return path;
  }

  double bar() {
    return bar;
  }

  boolean isUpload() {
    return this == F;
  }

  /** Whether a MiB counts, rather than a request. */
  boolean isBulk() {
    return this == C || this == F;
  }

  String unit() {
    return isBulk() ? "MiB" : "request";
  }

  /** Writes the script for wrk. */
  Path script(Path directory) throws IOException {
    return Files.writeString(directory.resolve("load.lua"), setUp + RESULT);
  }
}
