package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.util.List;

/**
 * What wrk, on one thread, got done.
 *
 * @param p50Micros how long a request took
 */
record Load(long requests, long bytes, double p50Micros, double p99Micros, long errors) {

  private static final int CLIENTS = 64;

  static Load run(Session session, Tools tools, Scenario scenario, int port, int seconds)
      throws IOException, InterruptedException {
    String out =
        session.run(
            List.of(
                tools.wrk(),
                "-t1",
                "-c" + CLIENTS,
                "-d" + seconds + "s",
                "--timeout=10s",
                "-s" + scenario.script(session.newDirectory("wrk")),
                "http://127.0.0.1:" + port + scenario.path()));
    String[] result = Tools.first(out, "result ([\\d ]+)").split(" ", -1);
    return new Load(
        Long.parseLong(result[0]),
        Long.parseLong(result[1]),
        Double.parseDouble(result[2]),
        Double.parseDouble(result[3]),
        Long.parseLong(result[4]));
  }
}
