package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.io.Connection;
import org.junit.jupiter.api.Test;

/** When a connection has to have come further, on a clock of its own. */
class DeadlinesTest {

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1); // it may wrap around
  private final Deadlines deadlines =
      new Deadlines(clock::get, Duration.ofSeconds(10), Duration.ofSeconds(30));
  private final ByteArrayEndPoint endPoint = new ByteArrayEndPoint();
  private final Connection connection =
      new AbstractConnection(endPoint, Runnable::run) {
        @Override
        public void onFillable() {}
      };

  private boolean isOpenAfter(long seconds) {
    clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
    deadlines.sweep();
    return endPoint.isOpen();
  }

  @Test
  void aConnection_thatSendsNoHeader_isClosed() {
    deadlines.onOpened(connection);
    assertThat(isOpenAfter(10)).isTrue();
    assertThat(isOpenAfter(1)).isFalse();
  }

  @Test
  void anExchange_hasItsOwnTime_andTheNextHeaderBeginsAnew() {
    deadlines.onOpened(connection);
    deadlines.handling(endPoint);
    assertThat(isOpenAfter(30)).isTrue();
    deadlines.answered(endPoint);
    assertThat(isOpenAfter(10)).isTrue();
    deadlines.handling(endPoint);
    assertThat(isOpenAfter(31)).isFalse();
  }

  @Test
  void aStream_hasNoDeadline_norHasAConnectionThatIsGone() {
    deadlines.onOpened(connection);
    deadlines.handling(endPoint);
    deadlines.streaming(endPoint);
    assertThat(isOpenAfter(1_000)).isTrue();
    deadlines.answered(endPoint);
    deadlines.onOpened(connection);
    deadlines.onClosed(connection);
    deadlines.handling(endPoint);
    assertThat(isOpenAfter(1_000)).isTrue();
  }
}
