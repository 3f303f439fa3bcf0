package io.evenkeel.health;

/**
 * The ready-made probes. All connections of a monitor are made by one thread, which never blocks,
 * however many there are.
 *
 * <p>A name is looked up on another thread, by the JDK's resolver; where it has several addresses,
 * the first is tried. A name that was found once is checked where it was found last, while it is
 * looked up anew for the next check: an outage of DNS takes no server down that was found before.
 */
public final class Probes {

  private Probes() {}

  /**
   * Succeeds when a TCP connection to the server's host and port is established, and resets it at
   * once: the reset leaves no TIME_WAIT behind, and on Linux comes before the handshake is
   * complete, so that the server's program does not even see the connection. That makes it cheap,
   * and is its limit: a process that is stopped or hangs is up, as long as the system takes
   * connections for it. {@link #http} and {@link #sendExpect} ask the process.
   */
  public static Probe tcp() {
    return TcpProbe.INSTANCE;
  }

  /**
   * Succeeds when a GET of this path by HTTP/1.1 is answered by a status from 200 to 399. The probe
   * returned can be made to ask otherwise or to expect something else, also by TLS.
   *
   * @param path with a slash first, and perhaps a query: {@code "/health?full=0"}
   * @throws IllegalArgumentException if it has no slash first, or has spaces, control characters or
   *     others that are not ASCII
   */
  public static HttpProbe http(String path) {
    return new HttpProbe(path);
  }

  /**
   * Sends a text when the connection is there, and succeeds when another text is somewhere in the
   * first 64 KiB of what comes back: {@code sendExpect("PING\r\n", "+PONG")} asks a Redis server.
   *
   * @param send what to send, as UTF-8; {@code ""} to wait for a greeting
   * @param expect what to wait for, as UTF-8; not empty
   * @throws IllegalArgumentException if nothing is expected
   */
  public static Probe sendExpect(String send, String expect) {
    return new SendExpectProbe(send, expect);
  }

  /**
   * Asks an agent beside the server, as HAProxy's agent-check does: connects to the server's host
   * at a port of the agent's, and reads one line, of up to 256 bytes. Case does not matter.
   *
   * <table>
   * <caption>What a line does</caption>
   * <tr><th>line</th><th>the server</th></tr>
   * <tr><td>{@code up}</td><td>is up, with all its weight</td></tr>
   * <tr><td>{@code 75%}, {@code up 75%}</td><td>is up, with this share of its weight (by selectors
   *     that look at weights), until the next line</td></tr>
   * <tr><td>{@code down}, {@code drain}, {@code maint}, {@code 0%}</td><td>gets nothing new; what it
   *     has, it may finish</td></tr>
   * </table>
   *
   * <p>A line decides at once, whatever the thresholds. No line in time, or one that says something
   * else, is a failure like another, which counts towards them. The three ways of being out are one
   * block, {@link io.evenkeel.core.Block#PROBE_DOWN}, whose cause says which: draining and
   * maintenance as such are the operator's, whom no server may overrule.
   *
   * @param port 1 to 65535
   * @throws IllegalArgumentException if it is out of range
   */
  public static Probe agent(int port) {
    return new AgentProbe(port);
  }
}
