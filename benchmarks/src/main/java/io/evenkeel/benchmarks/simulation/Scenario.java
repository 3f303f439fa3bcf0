package io.evenkeel.benchmarks.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/**
 * What is simulated. Every selector meets the same requests: when each arrives and how much work it
 * is does not depend on who picks.
 *
 * @param name for command lines and file names
 * @param title for people
 * @param about what there is to see, in a sentence or two
 * @param queueLimit how many requests may wait at one server; one more is refused at once
 * @param clients how many, each with a balancer of its own and an equal part of the requests
 * @param load the work that arrives, as a share of what all servers can do when nothing is wrong
 * @param retries how often a failed request is sent to another server
 * @param timeout for one try; the server does not notice and works on
 * @param oneWay how long a packet is under way
 * @param warmUp simulated time before anything is measured
 * @param measured simulated time in which the requests arrive that are measured
 * @param healthInterval between two health checks of a server by a client; zero for none
 */
record Scenario(
    String name,
    String title,
    String about,
    List<Spec> servers,
    int queueLimit,
    int clients,
    Work work,
    double load,
    Arrivals arrivals,
    int retries,
    Duration timeout,
    Duration oneWay,
    Duration warmUp,
    Duration measured,
    List<Change> changes,
    Duration healthInterval) {

  /**
   * A server.
   *
   * @param workers how many requests it works on at a time
   * @param speed how fast each worker is
   * @param weight what the balancers are told
   */
  record Spec(int workers, double speed, int weight) {

    /** What it can do: seconds of work in a second. */
    double capacity() {
      return workers * speed;
    }
  }

  /** What all servers can do: seconds of work in a second. */
  double capacity() {
    return servers.stream().mapToDouble(Spec::capacity).sum();
  }

  /** Nanoseconds between two requests of one client, on average. */
  double meanGapNanos() {
    return work.meanNanos() * clients / (load * capacity());
  }

  /** The same, a tenth as long: a look, no figures. */
  Scenario quick() {
    Builder quick = new Builder(this);
    quick.warmUp = warmUp.dividedBy(10);
    quick.measured = measured.dividedBy(10);
    quick.changes.clear();
    for (Change change : changes) {
      quick.changes.add(
          new Change(change.at().dividedBy(10), change.server(), change.kind(), change.factor()));
    }
    return quick.build();
  }

  /** The numbers, in a line. */
  String conditions() {
    int workers = servers.get(0).workers();
    boolean alike = servers.stream().allMatch(server -> server.workers() == workers);
    StringBuilder text = new StringBuilder();
    text.append(Text.count(servers.size())).append(servers.size() == 1 ? " server" : " servers");
    if (alike) {
      text.append(" of ").append(workers).append(workers == 1 ? " worker" : " workers");
    }
    text.append(describe("speeds", servers.stream().map(s -> Text.number(s.speed(), 2)).toList()))
        .append(describe("weights", servers.stream().map(s -> "" + s.weight()).toList()))
        .append("; ")
        .append(Text.count(clients))
        .append(clients == 1 ? " client; " : " clients; ")
        .append(work)
        .append("; load ")
        .append(Text.percent(load))
        .append("; timeout ")
        .append(Text.duration(timeout))
        .append(retries == 0 ? ", no retry" : retries == 1 ? ", 1 retry" : ", retries " + retries);
    if (!arrivals.period().isZero()) {
      text.append("; bursts of ")
          .append(Text.number(arrivals.factor(), 1))
          .append(" × the rate for ")
          .append(Text.duration(arrivals.burst()))
          .append(" every ")
          .append(Text.duration(arrivals.period()));
    }
    if (!healthInterval.isZero()) {
      text.append("; health checks every ").append(Text.duration(healthInterval));
    }
    return text.append("; ")
        .append(Text.duration(measured))
        .append(" after ")
        .append(Text.duration(warmUp))
        .append(" to warm up")
        .toString();
  }

  private static String describe(String what, List<String> values) {
    TreeSet<String> different = new TreeSet<>(values);
    return different.size() == 1 ? "" : ", " + what + " " + String.join(" and ", different);
  }

  static Builder of(String name, String title, String about) {
    return new Builder(name, title, about);
  }

  /** Collects a scenario; what is not said is as in most of them. */
  static final class Builder {

    private final String name;
    private final String title;
    private final String about;
    private final List<Spec> servers = new ArrayList<>();
    private final List<Change> changes = new ArrayList<>();
    private int queueLimit = 200;
    private int clients = 5;
    private Work work = Work.lognormal(Duration.ofMillis(10), 1);
    private double load = 0.6;
    private Arrivals arrivals = Arrivals.steady();
    private int retries;
    private Duration timeout = Duration.ofSeconds(1);
    private Duration oneWay = Duration.ofNanos(250_000);
    private Duration warmUp = Duration.ofSeconds(30);
    private Duration measured = Duration.ofMinutes(5);
    private Duration healthInterval = Duration.ZERO;

    private Builder(String name, String title, String about) {
      this.name = Objects.requireNonNull(name);
      this.title = Objects.requireNonNull(title);
      this.about = Objects.requireNonNull(about);
    }

    private Builder(Scenario like) {
      this(like.name, like.title, like.about);
      servers.addAll(like.servers);
      changes.addAll(like.changes);
      queueLimit = like.queueLimit;
      clients = like.clients;
      work = like.work;
      load = like.load;
      arrivals = like.arrivals;
      retries = like.retries;
      timeout = like.timeout;
      oneWay = like.oneWay;
      warmUp = like.warmUp;
      measured = like.measured;
      healthInterval = like.healthInterval;
    }

    Builder servers(int count, int workers, double speed, int weight) {
      for (int i = 0; i < count; i++) {
        servers.add(new Spec(workers, speed, weight));
      }
      return this;
    }

    Builder queueLimit(int queueLimit) {
      this.queueLimit = queueLimit;
      return this;
    }

    Builder clients(int clients) {
      this.clients = clients;
      return this;
    }

    Builder work(Work work) {
      this.work = work;
      return this;
    }

    Builder load(double load) {
      this.load = load;
      return this;
    }

    Builder arrivals(Arrivals arrivals) {
      this.arrivals = arrivals;
      return this;
    }

    Builder retries(int retries) {
      this.retries = retries;
      return this;
    }

    Builder timeout(Duration timeout) {
      this.timeout = timeout;
      return this;
    }

    Builder oneWay(Duration oneWay) {
      this.oneWay = oneWay;
      return this;
    }

    Builder time(Duration warmUp, Duration measured) {
      this.warmUp = warmUp;
      this.measured = measured;
      return this;
    }

    Builder change(Change change) {
      changes.add(change);
      return this;
    }

    Builder healthInterval(Duration healthInterval) {
      this.healthInterval = healthInterval;
      return this;
    }

    Scenario build() {
      return new Scenario(
          name,
          title,
          about,
          List.copyOf(servers),
          queueLimit,
          clients,
          work,
          load,
          arrivals,
          retries,
          timeout,
          oneWay,
          warmUp,
          measured,
          List.copyOf(changes),
          healthInterval);
    }
  }
}
