package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.eclipse.jetty.io.EndPoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How many connections there may be, and when each has to have come further, on a clock. */
class ConnectionsTest {

  private static final int MOST = 4;

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1); // it may wrap around
  private final Connections connections =
      new Connections(clock::get, Duration.ofSeconds(10), Duration.ofSeconds(30), MOST);
  private final List<SocketChannel> channels = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (SocketChannel channel : channels) {
      channel.close();
    }
  }

  private SocketChannel accepted() throws Exception {
    SocketChannel channel = SocketChannel.open();
    channels.add(channel);
    connections.onAccepting(channel);
    return channel;
  }

  private static Connection connection(SocketChannel channel) {
    ByteArrayEndPoint endPoint =
        new ByteArrayEndPoint() {
          @Override
          public Object getTransport() {
            return channel;
          }
        };
    return new AbstractConnection(endPoint, Runnable::run) {
      @Override
      public void onFillable() {}
    };
  }

  /** One that was opened just now. */
  private EndPoint opened() throws Exception {
    clock.incrementAndGet();
    Connection connection = connection(accepted());
    connections.onOpened(connection);
    return connection.getEndPoint();
  }

  private void closed(EndPoint endPoint) {
    connections.onClosed((SocketChannel) endPoint.getTransport());
  }

  private void pass(long seconds) {
    clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }

  private boolean isOpenAfter(EndPoint endPoint, long seconds) {
    pass(seconds);
    connections.sweep();
    return endPoint.isOpen();
  }

  @Test
  void aConnection_thatSendsNoHeader_isClosed() throws Exception {
    EndPoint endPoint = opened();
    assertThat(isOpenAfter(endPoint, 10)).isTrue();
    assertThat(isOpenAfter(endPoint, 1)).isFalse();
    assertThat(connections.request(endPoint)).isFalse();
  }

  @Test
  void anExchange_hasItsOwnTime_andTheNextHeaderBeginsAnew() throws Exception {
    EndPoint endPoint = opened();
    assertThat(connections.request(endPoint)).isTrue();
    assertThat(isOpenAfter(endPoint, 20)).isTrue();
    assertThat(connections.letIn(endPoint)).isTrue(); // and has no more time by that
    assertThat(isOpenAfter(endPoint, 10)).isTrue();
    connections.answered(endPoint);
    assertThat(isOpenAfter(endPoint, 10)).isTrue();
    assertThat(connections.request(endPoint)).isTrue();
    assertThat(isOpenAfter(endPoint, 31)).isFalse();
    assertThat(connections.letIn(endPoint)).isFalse();
  }

  @Test
  void aStream_hasNoDeadline_norHasAConnectionThatIsGone() throws Exception {
    EndPoint endPoint = opened();
    assertThat(connections.request(endPoint)).isTrue();
    connections.streaming(endPoint);
    assertThat(isOpenAfter(endPoint, 1_000)).isTrue();
    closed(endPoint);
    assertThat(connections.request(endPoint)).isFalse();
    connections.answered(endPoint);
    assertThat(isOpenAfter(endPoint, 1_000)).isTrue();
  }

  @Test
  void oneTooMany_takesThePlaceOfTheOneThatHasWaitedLongest() throws Exception {
    List<EndPoint> open = List.of(opened(), opened(), opened(), opened());
    assertThat(connections.request(open.get(0))).isTrue();
    clock.incrementAndGet();
    connections.answered(open.get(0)); // now the second has been where it is for longest
    assertThat(accepted().isOpen()).isTrue();
    assertThat(open).extracting(EndPoint::isOpen).containsExactly(true, false, true, true);
    assertThat(connections.request(open.get(1))).as("it does not count any more").isFalse();
    closed(open.get(1));
    assertThat(accepted().isOpen()).isTrue();
    assertThat(open).extracting(EndPoint::isOpen).containsExactly(true, false, false, true);
  }

  @Test
  void whoWasLetIn_andStreams_areNotGivenUp_soTheNewOneIsClosed() throws Exception {
    List<EndPoint> open = List.of(opened(), opened(), opened(), opened());
    for (EndPoint one : open) {
      assertThat(connections.request(one)).isTrue();
      assertThat(connections.letIn(one)).isTrue();
    }
    connections.streaming(open.get(0));
    assertThat(accepted().isOpen()).isFalse();
    assertThat(open).allMatch(EndPoint::isOpen);
    connections.answered(open.get(1));
    assertThat(accepted().isOpen()).isTrue();
    assertThat(open).extracting(EndPoint::isOpen).containsExactly(true, false, true, true);
  }

  @Test
  void thoseThatAreBeingSetUp_count_andMayBeGivenUp() throws Exception {
    SocketChannel first = accepted();
    clock.incrementAndGet();
    SocketChannel second = accepted();
    clock.incrementAndGet();
    SocketChannel third = accepted();
    SocketChannel fourth = accepted();
    connections.onAcceptFailed(fourth, new Exception());
    connections.onAcceptFailed(fourth, new Exception()); // as the server below may, twice
    assertThat(accepted().isOpen()).isTrue();
    assertThat(first.isOpen()).isTrue();
    assertThat(accepted().isOpen()).isTrue();
    assertThat(first.isOpen()).isFalse();
    assertThat(accepted().isOpen()).isTrue();
    assertThat(second.isOpen()).isFalse();
    assertThat(third.isOpen()).isTrue();
    Connection late = connection(first);
    connections.onOpened(late);
    assertThat(late.getEndPoint().isOpen()).isFalse();
    assertThat(connections.request(late.getEndPoint())).isFalse();
  }

  @Test
  void answersAreAwaited_ofThoseWhoWereLetIn_andOfNobodyElse() throws Exception {
    EndPoint refused = opened();
    EndPoint stream = opened();
    EndPoint asks = opened();
    EndPoint leaves = opened();
    for (EndPoint one : List.of(refused, stream, asks, leaves)) {
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
      while (waits.isAlive()
          && waits.getState() != Thread.State.TIMED_WAITING) { // for the other one
        Thread.onSpinWait();
      }
      assertThat(done.getCount()).isOne();
      closed(leaves);
      assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      waits.interrupt();
      waits.join();
    }
  }
}
