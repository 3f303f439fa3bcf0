package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A relayed read allocates nothing in steady state, what is counted and timed of it and the turns
 * of the loop included. {@code -Devenkeel.requests=1000000} makes it a million requests.
 */
@Timeout(300)
class RelayAllocationTest extends ProxyFixture {

  private static final int REQUESTS = Integer.getInteger("evenkeel.requests", 200_000);
  private static final int CONNECTIONS = 8;
  private static final int REPLY_BYTES = 100;

  @Test
  void requestsAndReplies_overKeptConnections_allocateNothing() throws Exception {
    Backend backend =
        closeLater(
            new Backend(
                socket -> {
                  byte[] reply = new byte[REPLY_BYTES];
                  socket.setTcpNoDelay(true);
                  while (socket.getInputStream().read() >= 0) {
                    socket.getOutputStream().write(reply);
                  }
                }));
    start(builder -> builder.eventLoops(2), backend.server());
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      clients.add(connect());
      clients.get(i).setTcpNoDelay(true);
    }
    requests(clients, 20_000); // until it is compiled
    long read = proxy.stats().bytesFromClients();
    long before = allocatedByLoops();
    requests(clients, REQUESTS);
    long bytes = allocatedByLoops() - before;

    assertThat(proxy.stats().bytesFromClients() - read).as("relayed").isEqualTo(REQUESTS);
    System.out.printf(
        "%,d requests, %,d bytes allocated by the loops: %.4f a request, on JDK %s%n",
        REQUESTS, bytes, (double) bytes / REQUESTS, Runtime.version());
    assertThat((double) bytes / REQUESTS).as("bytes a request").isLessThan(1);
  }

  /** One byte there, a reply back, on each connection in turn. */
  private static void requests(List<Socket> clients, int count) throws IOException {
    byte[] reply = new byte[REPLY_BYTES];
    for (int i = 0; i < count; i += clients.size()) {
      for (Socket client : clients) {
        client.getOutputStream().write(1);
      }
      for (Socket client : clients) {
        assertThat(client.getInputStream().readNBytes(reply, 0, REPLY_BYTES) == REPLY_BYTES)
            .isTrue();
      }
    }
  }

  private long allocatedByLoops() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return proxy.loops().stream()
        .mapToLong(loop -> threads.getThreadAllocatedBytes(loop.thread().getId()))
        .sum();
  }
}
