package io.evenkeel.health;

/** The ready-made probes. */
public final class Probes {

  private Probes() {}

  /**
   * Succeeds when a TCP connection to the server's host and port is established, and resets it at
   * once: the reset leaves no TIME_WAIT behind, and on Linux comes before the handshake is
   * complete, so that the server's program does not even see the connection.
   *
   * <p>All connections of a monitor are made by one thread, and a name is looked up on another, by
   * the JDK's resolver; where it has several addresses, the first is tried.
   */
  public static Probe tcp() {
    return TcpProbe.INSTANCE;
  }
}
