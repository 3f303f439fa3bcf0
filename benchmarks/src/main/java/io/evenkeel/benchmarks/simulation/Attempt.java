package io.evenkeel.benchmarks.simulation;

import io.evenkeel.core.Lease;
import io.evenkeel.core.Query;

/** One request at one server: from the pick until the client has an answer or no longer waits. */
final class Attempt implements Timeline.Event {

  final Client client;
  final SimulatedServer server;
  final Lease lease;

  /** What it was picked with. */
  final Query query;

  /** When the request arrived, which may be before this attempt began. */
  final long arrivedNanos;

  final double workNanos;

  /** Set by the server, before it answers. */
  boolean failed;

  /** Set by the client: it has an answer, or no longer waits for one. */
  boolean over;

  /** Where the server keeps it while it works on it; −1 once it does not. */
  int slot = -1;

  Attempt(
      Client client,
      SimulatedServer server,
      Lease lease,
      Query query,
      long arrivedNanos,
      double workNanos) {
    this.client = client;
    this.server = server;
    this.lease = lease;
    this.query = query;
    this.arrivedNanos = arrivedNanos;
    this.workNanos = workNanos;
  }

  /** The server has done the work. */
  @Override
  public void happen() {
    server.finish(this);
  }
}
