package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What an exception says of what went wrong, bare or wrapped. */
class FailureKindTest {

  private static final class OwnTimeout extends HttpTimeoutException {
    private static final long serialVersionUID = 1L;

    OwnTimeout() {
      super("own");
    }
  }

  /** Its cause may be set later. */
  private static final class OpenWrapper extends ExecutionException {
    private static final long serialVersionUID = 1L;
  }

  static Stream<Arguments> causes() {
    return Stream.of(
        Arguments.of(new ConnectException("refused"), FailureKind.CONNECT),
        Arguments.of(new NoRouteToHostException("no route"), FailureKind.CONNECT),
        Arguments.of(new UnknownHostException("who"), FailureKind.CONNECT),
        Arguments.of(new UnresolvedAddressException(), FailureKind.CONNECT),
        Arguments.of(new HttpConnectTimeoutException("slow"), FailureKind.CONNECT),
        Arguments.of(new HttpTimeoutException("slow"), FailureKind.TIMEOUT),
        Arguments.of(new OwnTimeout(), FailureKind.TIMEOUT),
        Arguments.of(new SocketTimeoutException("slow"), FailureKind.TIMEOUT),
        Arguments.of(new TimeoutException("slow"), FailureKind.TIMEOUT),
        Arguments.of(new SocketException("reset"), FailureKind.IO),
        Arguments.of(new EOFException(), FailureKind.IO),
        Arguments.of(new ClosedChannelException(), FailureKind.IO),
        Arguments.of(new IOException("io"), FailureKind.IO),
        Arguments.of(new UncheckedIOException(new IOException("io")), FailureKind.IO),
        Arguments.of(new CancellationException(), FailureKind.CANCELLED),
        Arguments.of(new InterruptedException(), FailureKind.CANCELLED),
        Arguments.of(new IllegalStateException("500"), FailureKind.OTHER),
        Arguments.of(new IllegalStateException(new IOException("io")), FailureKind.OTHER),
        Arguments.of(new AssertionError("error"), FailureKind.OTHER));
  }

  @ParameterizedTest
  @MethodSource("causes")
  void everyCause_hasItsKind_bareOrWrapped(Throwable cause, FailureKind kind) {
    assertThat(FailureKind.of(cause)).isEqualTo(kind);
    assertThat(FailureKind.of(new CompletionException(cause))).isEqualTo(kind);
    assertThat(FailureKind.of(new ExecutionException(new CompletionException(cause))))
        .isEqualTo(kind);
  }

  @Test
  void wrapperOfNothing_orOfItself_isOther() {
    assertThat(FailureKind.of(new CompletionException("nothing", null)))
        .isEqualTo(FailureKind.OTHER);
    Exception one = new OpenWrapper();
    Exception two = new ExecutionException("two", one);
    one.initCause(two);
    assertThat(FailureKind.of(one)).isEqualTo(FailureKind.OTHER);
  }
}
