package io.evenkeel.proxy;

/** What one loop has counted of one server. Event loop only. */
final class ServerCounters {

  final String serverId;

  /** Relays that hold a lease of it, connected or not. */
  int open;

  /** Whether it is no longer a member: then it is forgotten with its last relay. */
  boolean departed;

  long connected;
  long warm;
  long connectFailures;
  long bytesFromClients;
  long bytesFromServer;
  final TimeWindows connectTime = new TimeWindows(1);
  final TimeWindows firstByteTime = new TimeWindows(1);
  final TimeWindows duration = new TimeWindows(1);

  ServerCounters(String serverId) {
    this.serverId = serverId;
  }
}
