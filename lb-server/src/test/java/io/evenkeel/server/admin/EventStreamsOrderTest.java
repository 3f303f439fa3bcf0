package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;

/** What happens to a stream's answer in which order, with answers that look at that themselves. */
class EventStreamsOrderTest {

  private final EventLog log = new Inventory().events();
  private final EventStreams streams =
      new EventStreams(log, (balancer, sparks) -> "{}", who -> true, 8, 1 << 20);
  private final Connections connections =
      new Connections(() -> 0, Duration.ofDays(1), Duration.ofDays(1), 8);

  /** One that writes down what is done to it. */
  private static final class Client {
    final List<String> done = new CopyOnWriteArrayList<>();
    final HttpFields.Mutable headers = HttpFields.build();
    Runnable whenItsStatusIsSet = () -> {};

    Exchange exchange() throws HttpProblem {
      AbstractConnection connection =
          new AbstractConnection(new ByteArrayEndPoint(), Runnable::run) {
            @Override
            public void onFillable() {}
          };
      ConnectionMetaData data = fake(ConnectionMetaData.class, (self, method, args) -> connection);
      Request request =
          fake(
              Request.class,
              (self, method, args) ->
                  method.getName().equals("getHttpURI") ? HttpURI.from("/api/v1/events") : data);
      Exchange exchange =
          new Exchange(request, fake(Response.class, this::response), Callback.NOOP);
      exchange.who(Who.anonymous("192.0.2.1"));
      return exchange;
    }

    private Object response(Object self, java.lang.reflect.Method method, Object[] args) {
      switch (method.getName()) {
        case "setStatus" -> {
          done.add("status " + args[0]);
          whenItsStatusIsSet.run();
        }
        case "write" -> {
          String text = StandardCharsets.UTF_8.decode((ByteBuffer) args[1]).toString();
          done.add(headers.get("Content-Type") + ": " + text.lines().findFirst().orElseThrow());
          ((Callback) args[2]).succeeded();
        }
        default -> { // getHeaders
          return headers;
        }
      }
      return null;
    }

    private static <T> T fake(Class<T> type, InvocationHandler handler) {
      return type.cast(
          Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
  }

  @Test
  void nothingIsWritten_beforeTheHeaderIsSet_whateverHappensMeanwhile() throws Exception {
    streams.start();
    try {
      Client other = new Client();
      streams.open(other.exchange(), connections, log.lastSeq(), entry -> true, false);
      Client client = new Client();
      client.whenItsStatusIsSet =
          () -> {
            // When the other one has had the second, all have been looked after for the first.
            for (int i = 0; i < 2; i++) {
              int before = other.done.size();
              log.change("test", "text");
              while (other.done.size() == before) {
                Thread.onSpinWait();
              }
            }
          };
      streams.open(client.exchange(), connections, log.lastSeq(), entry -> true, false);
      assertThat(client.done)
          .startsWith("status 200", "text/event-stream: retry: 2000")
          .allMatch(step -> !step.startsWith("null"));
    } finally {
      streams.close();
    }
  }
}
