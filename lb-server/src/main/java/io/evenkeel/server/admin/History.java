package io.evenkeel.server.admin;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.ServerStats;
import io.evenkeel.proxy.ProxyStats;
import io.evenkeel.proxy.TcpProxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happened in the last hour, {@value #HOUR_POINTS} points of {@value #HOUR_STEP_SECONDS} s,
 * and to each server in the last ten minutes, {@value #SPARK_POINTS} points of {@value
 * #SPARK_STEP_SECONDS} s: one look a second. Safe for use by any thread.
 *
 * <p>Rates are differences of counters, each against the same balancer's or proxy's last look, so
 * that nothing jumps when one comes or goes. A counter below what it was began anew, with a server
 * that left and came back, and all that it shows is new. No rate is negative.
 *
 * <p>Memory is bounded: 40 KB for the hour, and about 2 KB for each server (measured with 1,000 of
 * them behind one listener): 256 bytes are its points, most of the rest is the last look, which is
 * kept. Servers that left are forgotten.
 */
final class History implements AutoCloseable {

  static final int SPARK_POINTS = 60;
  static final int SPARK_STEP_SECONDS = 10;
  static final int HOUR_POINTS = 720;
  static final int HOUR_STEP_SECONDS = 5;

  private static final Logger log = LoggerFactory.getLogger(History.class);

  /**
   * By how much something grew each second, between the last two looks.
   *
   * @param connections of clients; of a balancer that no listener asks, uses
   */
  record Rates(double connections, double bytesIn, double bytesOut, double errors) {
    static final Rates NONE = new Rates(0, 0, 0, 0);

    /** Of what grew in so many seconds: connections, bytes in, bytes out, errors. */
    private static Rates of(double[] grown, double seconds) {
      return seconds <= 0
          ? NONE
          : new Rates(
              grown[0] / seconds, grown[1] / seconds, grown[2] / seconds, grown[3] / seconds);
    }
  }

  /**
   * The hour, oldest first, all lists of one length.
   *
   * @param endUnix when the last point ends, in seconds since 1970
   * @param connections a second, as are errors and bytes
   */
  record Hour(
      long endUnix,
      List<Double> open,
      List<Double> connections,
      List<Double> errors,
      List<Double> bytesIn,
      List<Double> bytesOut,
      List<Double> p99Millis,
      List<Double> eligible) {}

  private final Inventory inventory;
  private @Nullable ScheduledExecutorService thread;
  private boolean closed;
  private boolean complained;
  private volatile @Nullable Reading latest;

  // Guarded by this object's lock, which is not held while balancers and proxies are asked.
  private final Map<String, BalancerTrack> balancers = new HashMap<>();
  private final Map<String, ListenerTrack> listeners = new HashMap<>();
  private long originNanos;
  private long lastNanos;
  private Rates rates = Rates.NONE;
  private final Steps spark = new Steps(SPARK_STEP_SECONDS);
  private final Steps step = new Steps(HOUR_STEP_SECONDS);

  /** What came since the last point of the hour. */
  private final double[] pending = new double[4];

  private final double[][] hour = new double[7][HOUR_POINTS];

  /** How many points of the hour there ever were; the next one's place is this mod their number. */
  private long hourPoints;

  private long hourEndUnix;

  /** Of this inventory; nothing is looked at before {@link #start} or {@link #sample}. */
  History(Inventory inventory) {
    this.inventory = inventory;
  }

  /** Looks once a second from now on, on a daemon thread of its own, {@code evenkeel-history}. */
  synchronized void start() {
    if (thread != null || closed) {
      throw new IllegalStateException("it was started or closed already");
    }
    ScheduledExecutorService own =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread made = new Thread(task, "evenkeel-history");
              made.setDaemon(true);
              return made;
            });
    thread = own;
    var unused = own.scheduleWithFixedDelay(this::sampleQuietly, 0, 1, TimeUnit.SECONDS);
  }

  /** Ends the thread, and waits for that, unless a proxy does not answer. Idempotent. */
  @Override
  public void close() {
    ScheduledExecutorService own;
    synchronized (this) {
      closed = true;
      own = thread;
    }
    if (own != null) {
      own.shutdown();
      try {
        if (!own.awaitTermination(5, TimeUnit.SECONDS)) {
          log.warn("a proxy does not answer; the thread evenkeel-history waits for it");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void sampleQuietly() {
    try {
      sample();
    } catch (RuntimeException e) { // or there would be no further look
      if (!complained) {
        complained = true;
        log.warn("the history has a gap, and says so only once", e);
      }
    }
  }

  /** The last look; taken now if there was none. */
  Reading latest() {
    Reading reading = latest;
    return reading == null ? Reading.of(inventory) : reading;
  }

  /** Looks once. By one thread at a time. */
  void sample() {
    Reading reading = Reading.of(inventory);
    synchronized (this) {
      if (latest == null) {
        originNanos = reading.nanos();
        lastNanos = originNanos;
      }
      add(reading);
      lastNanos = reading.nanos();
    }
    latest = reading;
  }

  private void add(Reading reading) {
    double seconds = (reading.nanos() - lastNanos) / 1e9;
    double[] sum = new double[4];
    Map<String, ListenerTrack> listenersBefore = new HashMap<>(listeners);
    listeners.clear();
    for (Reading.OfListener listener : reading.listeners()) {
      ListenerTrack track = listenersBefore.get(listener.name());
      if (track == null || track.proxy != listener.listener().proxy()) {
        track = new ListenerTrack(listener);
      }
      track.add(listener);
      addTo(sum, track.grown);
      listeners.put(listener.name(), track);
    }
    Map<String, BalancerTrack> balancersBefore = new HashMap<>(balancers);
    balancers.clear();
    for (Reading.OfBalancer balancer : reading.balancers()) {
      BalancerTrack track = balancersBefore.get(balancer.name());
      if (track == null || track.balancer != balancer.balancer().balancer()) {
        track = new BalancerTrack(balancer);
      }
      List<ListenerTrack> asking =
          reading.listenersOf(balancer.name()).stream()
              .map(listener -> Objects.requireNonNull(listeners.get(listener.name())))
              .toList();
      track.add(balancer, asking, seconds, sum);
      balancers.put(balancer.name(), track);
    }
    rates = Rates.of(sum, seconds);
    closePoints(reading, sum, seconds);
  }

  private static void addTo(double[] sum, double[] grown) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += grown[i];
    }
  }

  private void closePoints(Reading reading, double[] sum, double seconds) {
    long age = reading.nanos() - originNanos;
    double sparkSeconds = spark.seconds + seconds;
    long first = spark.points;
    int sparks = spark.pass(age, seconds);
    if (sparks > 0) {
      for (BalancerTrack balancer : balancers.values()) {
        for (ServerTrack server : balancer.servers.values()) {
          server.close(first, sparks, sparkSeconds);
        }
      }
    }
    for (int i = 0; i < pending.length; i++) {
      pending[i] += sum[i];
    }
    double stepSeconds = step.seconds + seconds;
    int points = step.pass(age, seconds);
    if (points > 0) {
      Reading.Totals totals = reading.totals();
      double[] values = {
        totals.open(),
        pending[0] / stepSeconds,
        pending[3] / stepSeconds,
        pending[1] / stepSeconds,
        pending[2] / stepSeconds,
        reading.p99Millis(),
        totals.eligible()
      };
      for (int point = 0; point < Math.min(points, HOUR_POINTS); point++) {
        int place = (int) (hourPoints++ % HOUR_POINTS);
        for (int i = 0; i < hour.length; i++) {
          hour[i][place] = values[i];
        }
      }
      Arrays.fill(pending, 0);
      hourEndUnix = reading.time().getEpochSecond();
    }
  }

  /** Of all together. */
  synchronized Rates rates() {
    return rates;
  }

  /** Of a balancer and its listeners; nothing if it is not known yet. */
  synchronized Rates rates(String balancer) {
    BalancerTrack track = balancers.get(balancer);
    return track == null ? Rates.NONE : track.rates;
  }

  /** Of a server; nothing if it is not known yet. */
  synchronized Rates rates(String balancer, String serverId) {
    ServerTrack server = server(balancer, serverId);
    return server == null ? Rates.NONE : server.rates;
  }

  /** Connections a second of a server, oldest first; zero where it was not there. */
  synchronized float[] spark(String balancer, String serverId) {
    float[] points = new float[SPARK_POINTS];
    ServerTrack server = server(balancer, serverId);
    if (server != null) {
      int next = (int) (spark.points % SPARK_POINTS);
      System.arraycopy(server.points, next, points, 0, SPARK_POINTS - next);
      System.arraycopy(server.points, 0, points, SPARK_POINTS - next, next);
    }
    return points;
  }

  private @Nullable ServerTrack server(String balancer, String serverId) {
    BalancerTrack track = balancers.get(balancer);
    return track == null ? null : track.servers.get(serverId);
  }

  /** The last hour. */
  synchronized Hour hour() {
    return new Hour(hourEndUnix, hour(0), hour(1), hour(2), hour(3), hour(4), hour(5), hour(6));
  }

  private List<Double> hour(int series) {
    int length = (int) Math.min(hourPoints, HOUR_POINTS);
    List<Double> points = new ArrayList<>(length);
    for (long point = hourPoints - length; point < hourPoints; point++) {
      points.add(hour[series][(int) (point % HOUR_POINTS)]);
    }
    return points;
  }

  /** What a counter grew by; all that it shows if it began anew. */
  private static long growth(long before, long now) {
    return now >= before ? now - before : now;
  }

  /** Points of one length, one after the other; those that nobody looked at go by the next look. */
  private static final class Steps {
    private final long nanos;

    /** How many have ended. */
    private long points;

    /** How long the one under way has been looked at. */
    private double seconds;

    Steps(int seconds) {
      this.nanos = TimeUnit.SECONDS.toNanos(seconds);
    }

    /** How many points end with a look at this age, so many seconds after the last. */
    int pass(long ageNanos, double elapsed) {
      long ended = ageNanos / nanos - points;
      points += ended;
      seconds = ended > 0 ? 0 : seconds + elapsed;
      return (int) Math.min(ended, Integer.MAX_VALUE);
    }
  }

  private static final class ListenerTrack {
    private final TcpProxy proxy;
    private ProxyStats before;
    private long errorsBefore;

    /** By the servers' ids: what clients of this listener did since the look before the last. */
    private Map<String, Growth> growth = Map.of();

    /** All of it, and its errors, since the look before the last. */
    private final double[] grown = new double[4];

    /** What grew between the last two looks. */
    record Growth(long connections, long bytesIn, long bytesOut) {}

    ListenerTrack(Reading.OfListener listener) {
      this.proxy = listener.listener().proxy();
      this.before = listener.stats();
      this.errorsBefore = listener.errors();
    }

    void add(Reading.OfListener listener) {
      ProxyStats now = listener.stats();
      long errors = listener.errors();
      grown[0] = growth(before.accepted(), now.accepted());
      grown[1] = growth(before.bytesFromClients(), now.bytesFromClients());
      grown[2] = growth(before.bytesFromServers(), now.bytesFromServers());
      grown[3] = growth(errorsBefore, errors);
      Map<String, Growth> byServer = new HashMap<>();
      now.servers()
          .forEach(
              (id, server) -> {
                ProxyStats.ServerTraffic was = before.servers().get(id);
                byServer.put(
                    id,
                    was == null
                        ? new Growth(
                            server.connected(), server.bytesFromClients(), server.bytesFromServer())
                        : new Growth(
                            History.growth(was.connected(), server.connected()),
                            History.growth(was.bytesFromClients(), server.bytesFromClients()),
                            History.growth(was.bytesFromServer(), server.bytesFromServer())));
              });
      growth = byServer;
      before = now;
      errorsBefore = errors;
    }

    private static long growth(long before, long now) {
      return History.growth(before, now);
    }
  }

  private static final class BalancerTrack {
    private final LoadBalancer balancer;
    private long picksBefore;
    private long errorsBefore;
    private Rates rates = Rates.NONE;
    private Map<String, ServerTrack> servers = new HashMap<>();

    BalancerTrack(Reading.OfBalancer balancer) {
      this.balancer = balancer.balancer().balancer();
      this.picksBefore = balancer.stats().picks();
      this.errorsBefore = balancer.errors();
      for (ServerStats server : balancer.stats().servers()) {
        ServerTrack track = new ServerTrack();
        track.picksBefore = server.picks();
        track.failuresBefore = Reading.OfBalancer.failures(server.failuresByKind());
        servers.put(server.server().id(), track);
      }
    }

    void add(Reading.OfBalancer reading, List<ListenerTrack> asking, double seconds, double[] sum) {
      long errors = reading.errors();
      double[] grown = new double[4];
      asking.forEach(listener -> addTo(grown, listener.grown));
      if (asking.isEmpty()) {
        grown[0] = growth(picksBefore, reading.stats().picks());
        grown[3] = growth(errorsBefore, errors);
        addTo(sum, grown);
      }
      rates = Rates.of(grown, seconds);
      picksBefore = reading.stats().picks();
      errorsBefore = errors;
      Map<String, ServerTrack> still = new HashMap<>();
      for (ServerStats server : reading.stats().servers()) {
        String id = server.server().id();
        ServerTrack track = servers.get(id);
        if (track == null) {
          track = new ServerTrack();
        }
        track.add(server, id, asking, seconds);
        still.put(id, track);
      }
      servers = still;
    }
  }

  private static final class ServerTrack {
    private long picksBefore;
    private long failuresBefore;

    /** Connections since the last point. */
    private long pending;

    private Rates rates = Rates.NONE;
    private final float[] points = new float[SPARK_POINTS];

    void add(ServerStats server, String id, List<ListenerTrack> asking, double seconds) {
      long failures = Reading.OfBalancer.failures(server.failuresByKind());
      long connections = asking.isEmpty() ? growth(picksBefore, server.picks()) : 0;
      long bytesIn = 0;
      long bytesOut = 0;
      for (ListenerTrack listener : asking) {
        ListenerTrack.Growth growth = listener.growth.get(id);
        if (growth != null) {
          connections += growth.connections();
          bytesIn += growth.bytesIn();
          bytesOut += growth.bytesOut();
        }
      }
      pending += connections;
      rates =
          seconds <= 0
              ? Rates.NONE
              : new Rates(
                  connections / seconds,
                  bytesIn / seconds,
                  bytesOut / seconds,
                  growth(failuresBefore, failures) / seconds);
      picksBefore = server.picks();
      failuresBefore = failures;
    }

    /** So many points end, the first of which is this one. */
    void close(long first, int count, double seconds) {
      float value = seconds <= 0 ? 0 : (float) (pending / seconds);
      for (int i = 0; i < Math.min(count, SPARK_POINTS); i++) {
        points[(int) ((first + count - 1 - i) % SPARK_POINTS)] = value;
      }
      pending = 0;
    }
  }
}
