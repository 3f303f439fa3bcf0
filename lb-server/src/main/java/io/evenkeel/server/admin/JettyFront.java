package io.evenkeel.server.admin;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.concurrent.ScheduledExecutorService;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IO;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server: Jetty's, made small. A few daemon threads, a bound on connections, small limits,
 * HTTP/1.1 alone, no sign of what it is.
 *
 * <p>Paths are let through as they are, since a server's id may have a slash in it; {@link
 * Exchange} takes them apart, and no path ever becomes one of the file system.
 */
final class JettyFront {

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

  private static final int MOST_THREADS = 8;

  /** More than come at once: where it is full, who comes next waits for a second. */
  private static final int ACCEPT_QUEUE = 1024;

  private static final int HEADER_BYTES = 8 * 1024;
  private static final int BUFFERS_BYTES = 4 * 1024 * 1024;

  private final Server server;
  private final ServerConnector connector;

  JettyFront(
      InetSocketAddress address,
      QueuedThreadPool threads,
      long idleMillis,
      Connections connections,
      PrometheusPage metrics,
      ScheduledExecutorService timer,
      Handler handler) {
    server =
        new Server(
            threads,
            new ScheduledExecutorScheduler(timer),
            new ArrayByteBufferPool(0, -1, -1, 64, BUFFERS_BYTES, BUFFERS_BYTES));
    server.setStopTimeout(0);
    server.setErrorHandler(new Problems(metrics));
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setSendXPoweredBy(false);
    http.setRequestHeaderSize(HEADER_BYTES);
    http.setResponseHeaderSize(HEADER_BYTES);
    http.setHttpCompliance(HttpCompliance.RFC7230);
    http.setUriCompliance(
        UriCompliance.from(
            EnumSet.of(
                UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS)));
    // One selector, which accepts as well.
    connector = new ServerConnector(server, 0, 1, new HttpConnectionFactory(http));
    connector.setHost(address.getAddress().getHostAddress());
    connector.setPort(address.getPort());
    connector.setAcceptQueueSize(ACCEPT_QUEUE);
    connector.setIdleTimeout(idleMillis);
    connector.setShutdownIdleTimeout(100);
    connector.addBean(connections);
    server.addConnector(connector);
    server.setHandler(handler);
  }

  /** The threads of one: daemons, named {@code evenkeel-admin-N}; they end with it. */
  static QueuedThreadPool threads() {
    QueuedThreadPool threads = new QueuedThreadPool(MOST_THREADS, 2, 30_000);
    threads.setName("evenkeel-admin");
    threads.setDaemon(true);
    threads.setReservedThreads(0);
    return threads;
  }

  /**
   * Binds and listens.
   *
   * @throws IOException if the address is not to be had; nothing is left then
   */
  void start() throws IOException {
    try {
      server.start();
    } catch (Exception e) {
      stop();
      throw e instanceof IOException io ? io : new IOException("the admin server: " + e, e);
    }
  }

  int port() {
    return connector.getLocalPort();
  }

  /** Gives the port up; what is connected goes on. */
  void stopListening() {
    connector.setAccepting(false); // wakes the selector, which lets go of the channel
    if (connector.getTransport() instanceof ServerSocketChannel channel) {
      IO.close(channel);
    }
  }

  /** Closes all connections, and ends all threads but that of the timer. */
  void stop() {
    try {
      server.stop();
    } catch (Exception e) { // what else there is to close is closed all the same
      LOG.error("admin: the HTTP server did not stop as it should", e);
    } finally {
      server.destroy();
    }
  }

  /** What Jetty itself refuses, such as a header that is none, in our words. */
  private static final class Problems extends ErrorHandler {
    private final PrometheusPage metrics;

    Problems(PrometheusPage metrics) {
      this.metrics = metrics;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      metrics.answered(response.getStatus());
      SecurityHeaders.put(response.getHeaders());
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, Answer.PROBLEM);
      response.write(true, document(response.getStatus()), callback);
      return true;
    }

    private static ByteBuffer document(int status) {
      String text = HttpProblem.json(status, null).toString();
      return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}
