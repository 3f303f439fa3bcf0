package io.evenkeel.proxy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Adds up what the loops have counted: goes from loop to loop, and reads on each what is its own,
 * servers a few at a time, so that no relay waits for long. One thread, one use.
 */
final class StatsReader {

  /** Adding up one takes some microseconds. */
  private static final int SERVERS_A_TURN = 200;

  private final long nowNanos;
  private long accepted;
  private int open;
  private final Map<EndReason, Long> ended = new EnumMap<>(EndReason.class);
  private long warm;
  private long bytesFromClients;
  private long bytesFromServers;
  private final TimeWindows.Sum waitTime = new TimeWindows.Sum(2);
  private final TimeWindows.Sum connectTime = new TimeWindows.Sum(2);
  private final TimeWindows.Sum firstByteTime = new TimeWindows.Sum(2);
  private final TimeWindows.Sum duration = new TimeWindows.Sum(2);
  private final Map<String, ServerSum> servers = new TreeMap<>();

  StatsReader(long nowNanos) {
    this.nowNanos = nowNanos;
    for (EndReason reason : EndReason.values()) {
      ended.put(reason, 0L);
    }
  }

  void read(EventLoop loop, Acceptor acceptor) {
    List<ServerCounters> counters = new ArrayList<>();
    loop.ask(
        () -> {
          addTotals(acceptor.stats(), acceptor.openRelays());
          counters.addAll(acceptor.stats().servers());
        });
    for (int i = 0; i < counters.size(); i += SERVERS_A_TURN) {
      List<ServerCounters> some =
          counters.subList(i, Math.min(counters.size(), i + SERVERS_A_TURN));
      loop.ask(() -> some.forEach(this::add));
    }
  }

  private void addTotals(LoopStats stats, int openRelays) {
    accepted += stats.accepted;
    open += openRelays;
    ended.replaceAll((reason, sum) -> sum + stats.ended(reason));
    warm += stats.warm;
    bytesFromClients += stats.bytesFromClients();
    bytesFromServers += stats.bytesFromServers();
    waitTime.add(stats.waitTime, nowNanos);
    connectTime.add(stats.connectTime, nowNanos);
    firstByteTime.add(stats.firstByteTime, nowNanos);
    duration.add(stats.duration, nowNanos);
  }

  private void add(ServerCounters server) {
    ServerSum sum = servers.computeIfAbsent(server.serverId, id -> new ServerSum());
    sum.open += server.open;
    sum.connected += server.connected;
    sum.warm += server.warm;
    sum.connectFailures += server.connectFailures;
    sum.bytesFromClients += server.bytesFromClients;
    sum.bytesFromServer += server.bytesFromServer;
    sum.connectTime.add(server.connectTime, nowNanos);
    sum.firstByteTime.add(server.firstByteTime, nowNanos);
    sum.duration.add(server.duration, nowNanos);
  }

  ProxyStats stats(int waiting) {
    Map<String, ProxyStats.ServerTraffic> byId = new TreeMap<>();
    servers.forEach((id, sum) -> byId.put(id, sum.traffic()));
    return new ProxyStats(
        accepted,
        open,
        waiting,
        Collections.unmodifiableMap(ended),
        warm,
        bytesFromClients,
        bytesFromServers,
        waitTime.times(),
        connectTime.times(),
        firstByteTime.times(),
        duration.times(),
        Collections.unmodifiableMap(byId));
  }

  private static final class ServerSum {
    private int open;
    private long connected;
    private long warm;
    private long connectFailures;
    private long bytesFromClients;
    private long bytesFromServer;
    private final TimeWindows.Sum connectTime = new TimeWindows.Sum(1);
    private final TimeWindows.Sum firstByteTime = new TimeWindows.Sum(1);
    private final TimeWindows.Sum duration = new TimeWindows.Sum(1);

    private ProxyStats.ServerTraffic traffic() {
      return new ProxyStats.ServerTraffic(
          open,
          connected,
          warm,
          connectFailures,
          bytesFromClients,
          bytesFromServer,
          connectTime.times(),
          firstByteTime.times(),
          duration.times());
    }
  }
}
