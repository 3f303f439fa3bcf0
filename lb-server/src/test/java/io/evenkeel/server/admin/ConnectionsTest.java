package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.io.Connection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How many connections there may be, and when each has to have come further, on a clock. */
class ConnectionsTest {

  private static final int MOST = 4;
  private static final String STRANGER = "192.0.2.1";
  private static final String OPERATOR = "192.0.2.2";

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1); // it may wrap around
  private final Connections connections =
      new Connections(clock::get, Duration.ofSeconds(10), Duration.ofSeconds(30), MOST);
  private final ByteArrayEndPoint endPoint = endPoint(STRANGER);
  private final List<SocketChannel> channels = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (SocketChannel channel : channels) {
      channel.close();
    }
  }

  private static ByteArrayEndPoint endPoint(String address) {
    return new ByteArrayEndPoint() {
      @Override
      public SocketAddress getRemoteSocketAddress() {
        return new InetSocketAddress(address, 1);
      }
    };
  }

  private static Connection connection(ByteArrayEndPoint endPoint) {
    return new AbstractConnection(endPoint, Runnable::run) {
      @Override
      public void onFillable() {}
    };
  }

  /** One that was opened just now. */
  private ByteArrayEndPoint opened(String address) {
    clock.incrementAndGet();
    ByteArrayEndPoint opened = endPoint(address);
    connections.onOpened(connection(opened));
    return opened;
  }

  private void pass(long seconds) {
    clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }

  private boolean isOpenAfter(long seconds) {
    pass(seconds);
    connections.sweep();
    return endPoint.isOpen();
  }

  /** Whether one more is taken. */
  private boolean accepts() throws Exception {
    SocketChannel channel = SocketChannel.open();
    channels.add(channel);
    connections.onAccepting(channel);
    return channel.isOpen();
  }

  @Test
  void aConnection_thatSendsNoHeader_isClosed() {
    connections.onOpened(connection(endPoint));
    assertThat(isOpenAfter(10)).isTrue();
    assertThat(isOpenAfter(1)).isFalse();
    assertThat(connections.request(endPoint)).isFalse();
  }

  @Test
  void anExchange_hasItsOwnTime_andTheNextHeaderBeginsAnew() {
    connections.onOpened(connection(endPoint));
    assertThat(connections.request(endPoint)).isTrue();
    assertThat(isOpenAfter(20)).isTrue();
    assertThat(connections.letIn(endPoint)).isTrue(); // and has no more time by that
    assertThat(isOpenAfter(10)).isTrue();
    connections.answered(endPoint);
    assertThat(isOpenAfter(10)).isTrue();
    assertThat(connections.request(endPoint)).isTrue();
    assertThat(isOpenAfter(31)).isFalse();
    assertThat(connections.letIn(endPoint)).isFalse();
  }

  @Test
  void aStream_hasNoDeadline_norHasAConnectionThatIsGone() {
    Connection connection = connection(endPoint);
    connections.onOpened(connection);
    assertThat(connections.request(endPoint)).isTrue();
    connections.streaming(endPoint);
    assertThat(isOpenAfter(1_000)).isTrue();
    connections.onClosed(connection);
    assertThat(connections.request(endPoint)).isFalse();
    connections.answered(endPoint);
    assertThat(isOpenAfter(1_000)).isTrue();
  }

  @Test
  void oneTooMany_takesThePlaceOfTheOneThatHasWaitedLongest() throws Exception {
    List<ByteArrayEndPoint> open = new ArrayList<>();
    for (int i = 0; i < MOST; i++) {
      open.add(opened(STRANGER));
    }
    connections.request(open.get(0)); // now the second has been where it is for longest
    clock.incrementAndGet();
    connections.answered(open.get(0));
    assertThat(accepts()).isTrue();
    assertThat(open).extracting(ByteArrayEndPoint::isOpen).containsExactly(true, false, true, true);
    assertThat(connections.request(open.get(1))).as("it is not counted any more").isFalse();
    assertThat(accepts()).isTrue();
    assertThat(open)
        .extracting(ByteArrayEndPoint::isOpen)
        .containsExactly(true, false, false, true);
  }

  @Test
  void oneTooMany_takesThePlaceOfOneOfTheAddressThatHasMost() throws Exception {
    ByteArrayEndPoint first = opened(OPERATOR);
    List<ByteArrayEndPoint> strangers = new ArrayList<>();
    for (int i = 1; i < MOST; i++) {
      strangers.add(opened(STRANGER));
    }
    assertThat(accepts()).isTrue();
    assertThat(first.isOpen()).isTrue();
    assertThat(strangers).extracting(ByteArrayEndPoint::isOpen).containsExactly(false, true, true);
  }

  @Test
  void whoWasLetIn_andStreams_areNotGivenUp_soTheNewOneIsClosed() throws Exception {
    List<ByteArrayEndPoint> open = new ArrayList<>();
    for (int i = 0; i < MOST; i++) {
      ByteArrayEndPoint one = opened(STRANGER);
      open.add(one);
      assertThat(connections.request(one)).isTrue();
      if (i % 2 == 0) {
        connections.streaming(one);
      } else {
        assertThat(connections.letIn(one)).isTrue();
      }
    }
    assertThat(accepts()).isFalse();
    assertThat(open).allMatch(ByteArrayEndPoint::isOpen);
    connections.answered(open.get(1));
    assertThat(accepts()).isTrue();
    assertThat(open.get(1).isOpen()).isFalse();
  }

  @Test
  void thoseThatAreBeingSetUp_count_untilTheyFailOrAreOpen() throws Exception {
    for (int i = 0; i < MOST; i++) {
      assertThat(accepts()).isTrue();
    }
    assertThat(accepts()).isFalse();
    connections.onAcceptFailed(channels.get(0), new Exception());
    connections.onAcceptFailed(channels.get(0), new Exception()); // as the server below may, twice
    assertThat(accepts()).isTrue();
    assertThat(accepts()).isFalse();
    connections.onClosed(channels.get(1));
    assertThat(accepts()).isTrue();
    assertThat(accepts()).isFalse();
  }

  @Test
  void answersAreAwaited_ofThoseWhoWereLetIn_andOfNobodyElse() throws Exception {
    ByteArrayEndPoint refused = opened(STRANGER);
    ByteArrayEndPoint stream = opened(OPERATOR);
    ByteArrayEndPoint asks = opened(OPERATOR);
    ByteArrayEndPoint leaves = opened(OPERATOR);
    for (ByteArrayEndPoint one : List.of(refused, stream, asks, leaves)) {
      assertThat(connections.request(one)).isTrue();
    }
    connections.streaming(stream);
    assertThat(connections.letIn(asks)).isTrue();
    assertThat(connections.letIn(leaves)).isTrue();
    CountDownLatch done = new CountDownLatch(1);
    Thread waits =
        new Thread(
            () -> {
              try {
                connections.awaitAnswers(Duration.ofDays(1));
                done.countDown();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    waits.start();
    try {
      connections.answered(asks);
      while (waits.getState() != Thread.State.TIMED_WAITING) { // for the other one
        Thread.onSpinWait();
      }
      assertThat(done.getCount()).isOne();
      connections.onClosed(connection(leaves));
      assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      waits.interrupt();
      waits.join();
    }
  }
}
