package io.evenkeel.pool;

/** What one server has at one instant; all zero for one that is not known. */
record Counts(int open, int idle, int waiting) {

  static Counts of(ConnectionPool<?> pool, String serverId) {
    PoolStats.OfServer server = pool.stats().of(serverId);
    return server == null
        ? new Counts(0, 0, 0)
        : new Counts(
            server.idle() + server.active() + server.connecting(), server.idle(), server.waiting());
  }
}
