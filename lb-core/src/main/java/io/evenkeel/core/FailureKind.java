package io.evenkeel.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * What went wrong with a use of a server, as far as its exception tells: see {@link Lease#failure}.
 *
 * <p>Further kinds may be added in any release: a {@code switch} over them needs a default.
 */
public enum FailureKind {
  /** No connection was made: refused, no route, an unknown name. */
  CONNECT,
  /** It took too long. */
  TIMEOUT,
  /** A connection broke, or another {@link IOException}. */
  IO,
  /** The caller gave up: cancelled or interrupted. */
  CANCELLED,
  /** Anything else. */
  OTHER;

  /** Whoever wraps deeper than this is not followed, nor is who wraps itself. */
  private static final int UNWRAPPED_AT_MOST = 8;

  /**
   * The kind of an exception, or of what it wraps, if it is one of those that wrap: {@link
   * CompletionException}, {@link ExecutionException}, {@link UncheckedIOException}. A timeout while
   * connecting is a {@link #CONNECT} where the exception's type shows it, as that of {@code
   * java.net.http} does; that of {@link java.net.Socket} does not.
   */
  public static FailureKind of(Throwable cause) {
    Throwable e = cause;
    for (int i = 0; i < UNWRAPPED_AT_MOST && isWrapper(e); i++) {
      Throwable wrapped = Failures.causeOf(e);
      if (wrapped == null) {
        break;
      }
      e = wrapped;
    }
    if (e instanceof ConnectException
        || e instanceof NoRouteToHostException
        || e instanceof UnknownHostException
        || e instanceof UnresolvedAddressException) {
      return CONNECT;
    }
    if (e instanceof SocketTimeoutException || e instanceof TimeoutException) {
      return TIMEOUT;
    }
    if (e instanceof CancellationException || e instanceof InterruptedException) {
      return CANCELLED;
    }
    return e instanceof IOException ? ofIo(e.getClass()) : OTHER;
  }

  /** Its place in an array of counts. */
  @SuppressWarnings("EnumOrdinal") // no such array outlives the process
  int index() {
    return ordinal();
  }

  private static boolean isWrapper(Throwable e) {
    return e instanceof CompletionException
        || e instanceof ExecutionException
        || e instanceof UncheckedIOException;
  }

  /** Those of java.net.http go by name, for that module may not be there. */
  private static FailureKind ofIo(Class<?> type) {
    for (Class<?> c = type; c != null && c != IOException.class; c = c.getSuperclass()) {
      if (c.getName().equals("java.net.http.HttpConnectTimeoutException")) {
        return CONNECT;
      }
      if (c.getName().equals("java.net.http.HttpTimeoutException")) {
        return TIMEOUT;
      }
    }
    return IO;
  }
}
