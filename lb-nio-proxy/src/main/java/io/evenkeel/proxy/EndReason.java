package io.evenkeel.proxy;

/**
 * How a client's time with the proxy ended; in {@link ProxyStats}, and by its two letters in the
 * access log. Further ones may be added in any release.
 */
public enum EndReason {
  /** Both ends said that they send no more, and every byte was passed on. */
  FINISHED("OK", false),
  /** The client reset the connection, or it is gone in some other way. */
  CLIENT_RESET("CR", false),
  /** The server reset the connection, or it is gone in some other way. */
  SERVER_RESET("SR", false),
  /** The server took no more but had answered; the client got that answer. */
  SERVER_STOPPED_READING("SE", false),
  /**
   * No byte in either direction for the idle timeout. An end that had not taken all bytes was
   * reset, else it got a FIN.
   */
  IDLE("IT", false),
  /**
   * One end said that it sends no more, and no byte came for the half-closed timeout. An end that
   * had not taken all bytes was reset, else it got a FIN.
   */
  HALF_CLOSED("HT", false),
  /** It lasted as long as a relay may; both ends were reset. */
  LIFETIME("LT", false),
  /** The server's health check said that it is down; both ends were reset. */
  SERVER_DOWN("SD", false),
  /** The proxy was shut down, and its time for draining was over. */
  SHUTDOWN("PS", false),
  /** An error inside the proxy; the log has it. */
  INTERNAL_ERROR("ER", false),
  /** Refused: no server could be picked. */
  NO_SERVER("NS", true),
  /** Refused: no server that was tried could be connected to. */
  CONNECT_FAILED("CF", true),
  /** Refused: every server was full, and as many clients as may were waiting for them. */
  QUEUE_FULL("QF", true),
  /** Refused: every server was full for as long as a client may wait. */
  QUEUE_TIMEOUT("QT", true),
  /** The client left before it was connected to a server. */
  CLIENT_LEFT("CL", false),
  /**
   * Refused: no file descriptor for a connection to a server, for as long as a connect may take.
   */
  NO_DESCRIPTOR("ND", true);

  private final String code;
  private final boolean refusal;

  EndReason(String code, boolean refusal) {
    this.code = code;
    this.refusal = refusal;
  }

  /** Two letters, each reason its own. */
  public String code() {
    return code;
  }

  /** Whether the client was turned away: it was reset, and never connected to a server. */
  public boolean isRefusal() {
    return refusal;
  }
}
