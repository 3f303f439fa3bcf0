package io.evenkeel.proxy;

import io.evenkeel.core.Node;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What one loop has counted. Plain fields, written by the loop alone; {@link StatsReader} comes to
 * the loop to read them, so that counting costs no more than an addition.
 */
final class LoopStats {

  long accepted;

  /** Relays that began on a warm connection. */
  long warm;

  /** Each a number that is counted up. */
  private final Map<EndReason, long[]> ended = new EnumMap<>(EndReason.class);

  final TimeWindows waitTime = new TimeWindows(2);
  final TimeWindows connectTime = new TimeWindows(2);
  final TimeWindows firstByteTime = new TimeWindows(2);
  final TimeWindows duration = new TimeWindows(2);

  /** By id. A server that has left is dropped with its last relay. */
  private final Map<String, ServerCounters> servers = new HashMap<>();

  /** Of those that were dropped. */
  private long droppedBytesFromClients;

  private long droppedBytesFromServers;

  void countEnd(EndReason reason) {
    ended.computeIfAbsent(reason, none -> new long[1])[0]++;
  }

  long ended(EndReason reason) {
    long[] count = ended.get(reason);
    return count == null ? 0 : count[0];
  }

  /**
   * The counters of a server for one relay more. A lease that was taken on another loop may come
   * after the server has left, and then nobody says so again: hence the look at its node. If that
   * still is a member, {@link #left} is yet to come.
   */
  ServerCounters begin(Node node) {
    String serverId = node.server().id();
    ServerCounters server = servers.get(serverId);
    if (server == null) {
      server = new ServerCounters(serverId);
      server.departed = !node.isMember();
      servers.put(serverId, server);
    }
    server.open++;
    return server;
  }

  /** One relay of this server less. */
  void end(ServerCounters server) {
    server.open--;
    dropIfGone(server);
  }

  /** The server is no longer a member. */
  void left(String serverId) {
    ServerCounters server = servers.get(serverId);
    if (server != null) {
      server.departed = true;
      dropIfGone(server);
    }
  }

  /** The server is a member, maybe again. */
  void joined(String serverId) {
    ServerCounters server = servers.get(serverId);
    if (server != null) {
      server.departed = false;
    }
  }

  private void dropIfGone(ServerCounters server) {
    if (server.departed && server.open == 0) {
      servers.remove(server.serverId);
      droppedBytesFromClients += server.bytesFromClients;
      droppedBytesFromServers += server.bytesFromServer;
    }
  }

  /** A copy of the list. */
  List<ServerCounters> servers() {
    return new ArrayList<>(servers.values());
  }

  long bytesFromClients() {
    long sum = droppedBytesFromClients;
    for (ServerCounters server : servers.values()) {
      sum += server.bytesFromClients;
    }
    return sum;
  }

  long bytesFromServers() {
    long sum = droppedBytesFromServers;
    for (ServerCounters server : servers.values()) {
      sum += server.bytesFromServer;
    }
    return sum;
  }
}
