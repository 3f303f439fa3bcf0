package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.server.admin.AdminServerBuilder.Limits;
import io.evenkeel.server.config.AdminConfig.Role;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Server-Sent Events, through the port. */
class EventStreamsTest {

  private static final Limits LIMITS =
      new Limits(
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofMillis(1),
          64,
          6,
          64 * 1024,
          4,
          Duration.ofHours(1));
  private static final String OPS = "ops-secret-0123456789";

  private final Api api = new Api(builder -> builder.limits(LIMITS));

  @AfterEach
  void close() {
    api.close();
  }

  /** One that reads along. */
  private static final class Stream implements AutoCloseable {
    final Socket socket;
    final BufferedReader reader;
    final List<String> head = new ArrayList<>();

    Stream(Api api, String query, String headers) throws IOException {
      this(api, "/events", query, headers);
    }

    Stream(Api api, String path, String query, String headers) throws IOException {
      socket = api.connect();
      String request =
          "GET /api/v1"
              + path
              + query
              + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
              + headers
              + "\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      InputStream in = new BufferedInputStream(socket.getInputStream());
      reader = new BufferedReader(new InputStreamReader(new Unchunked(in), StandardCharsets.UTF_8));
      String line = Unchunked.line(in);
      while (!line.isEmpty()) {
        head.add(line);
        line = Unchunked.line(in);
      }
    }

    int status() {
      return Integer.parseInt(head.get(0).split(" ", -1)[1]);
    }

    /** The fields of the next event, comments and empty ones left out; null at the end. */
    Map<String, String> next() throws IOException {
      Map<String, String> event = new LinkedHashMap<>();
      for (String line; (line = reader.readLine()) != null; ) {
        if (line.isEmpty() && event.containsKey("event")) {
          return event;
        }
        int colon = line.indexOf(": ");
        if (colon > 0) {
          event.put(line.substring(0, colon), line.substring(colon + 2));
        }
      }
      return null;
    }

    /** The next one of a type. */
    Map<String, String> next(String type) throws IOException {
      Map<String, String> event;
      do {
        event = next();
      } while (event != null && !event.get("event").equals(type));
      return event;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /** What chunked transfer coding carries; it ends where the connection does. */
  private static final class Unchunked extends InputStream {
    private final InputStream in;
    private int left;
    private boolean first = true;

    Unchunked(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      try {
        if (left == 0) {
          if (!first) {
            line(in);
          }
          first = false;
          String size = line(in);
          left = size.isEmpty() ? 0 : Integer.parseInt(size, 16);
          if (left == 0) {
            return -1;
          }
        }
        left--;
        return in.read();
      } catch (java.net.SocketTimeoutException e) {
        throw e;
      } catch (IOException e) {
        return -1; // reset
      }
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      int c = read();
      if (c < 0) {
        return -1;
      }
      b[off] = (byte) c;
      return 1;
    }

    static String line(InputStream in) throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c; (c = in.read()) >= 0 && c != '\n'; ) {
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }
  }

  @Test
  void whatHappens_isSent_asItIsInTheLog() throws Exception {
    try (Stream stream = new Stream(api, "", "")) {
      assertThat(stream.status()).isEqualTo(200);
      assertThat(stream.head)
          .contains("Content-Type: text/event-stream", "Cache-Control: no-store");
      api.balancer.drain("a");
      Map<String, String> event = stream.next();
      EventLog.Entry entry = api.inventory.events().after(0).get(0);
      assertThat(event)
          .containsEntry("event", "server")
          .containsEntry("id", "" + entry.seq())
          .containsEntry("data", entry.json().toString());
      api.send("PATCH", "/api/v1/servers/a", "{\"weight\":4}");
      assertThat(stream.next("change").get("data")).contains("changed server a of web");
    }
  }

  @Test
  void whoComesBack_missesNothing_andWhoComesAnew_getsNothingOld() throws Exception {
    api.balancer.drain("a");
    api.balancer.drain("b");
    List<EventLog.Entry> entries = api.inventory.events().after(0);
    long first = entries.get(0).seq();
    try (Stream back = new Stream(api, "?after=0", "Last-Event-ID: " + first + "\r\n");
        Stream anew = new Stream(api, "", "")) {
      assertThat(back.next().get("id")).isEqualTo("" + entries.get(1).seq());
      api.balancer.drain("c");
      String last = back.next().get("id");
      assertThat(Long.parseLong(last)).isGreaterThan(entries.get(1).seq());
      assertThat(anew.next().get("id")).isEqualTo(last);
    }
    try (Stream all = new Stream(api, "?after=0", "")) {
      assertThat(all.next().get("id")).isEqualTo("" + first);
    }
    try (Stream garbage = new Stream(api, "", "Last-Event-ID: x'\"\r\n")) {
      assertThat(garbage.status()).isEqualTo(200);
      api.balancer.resume("a");
      assertThat(Long.parseLong(garbage.next().get("id"))).isGreaterThan(first);
    }
  }

  @Test
  void stats_comeEverySecond_toThoseWhoWantThem() throws Exception {
    try (Stream stream = new Stream(api, "?stats=true", "")) {
      JsonNode first = Api.JSON.readTree(stream.next("stats").get("data"));
      JsonNode second = Api.JSON.readTree(stream.next("stats").get("data"));
      assertThat(first.path("balancers").path("web").path("servers")).hasSize(3);
      assertThat(first.path("balancers").path("web").path("servers").path(0).has("spark")).isTrue();
      assertThat(second.path("health").path("status").asText()).isEqualTo("up");
      assertThat(second.path("time_unix").asDouble()).isPositive();
    }
  }

  @Test
  void tooManyStreams_areRefused_andAPlaceIsFreeWhenOneLeaves() throws Exception {
    try (Stream first = new Stream(api, "?stats=true", "")) {
      List<Stream> others = new ArrayList<>();
      for (int i = 1; i < 6; i++) {
        others.add(new Stream(api, "?stats=true", ""));
        assertThat(others.get(i - 1).status()).isEqualTo(200);
      }
      try (Stream more = new Stream(api, "", "")) {
        assertThat(more.status()).isEqualTo(503);
        assertThat(more.head).contains("Retry-After: 10");
      }
      for (Stream other : others) {
        other.close();
      }
      // The one that left is found out when it is written to, within two seconds.
      int status = 503;
      long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (status == 503 && System.nanoTime() - end < 0) {
        first.next("stats");
        try (Stream again = new Stream(api, "", "")) {
          status = again.status();
        }
      }
      assertThat(status).isEqualTo(200);
    }
  }

  @Test
  void whoDoesNotRead_isCutOff_andKeepsNobodyWaiting() throws Exception {
    try (Stream reads = new Stream(api, "", "");
        Stream sleeps = new Stream(api, "", "")) {
      sleeps.socket.setReceiveBufferSize(32 * 1024); // else it may grow, to tens of MB
      String text = "x".repeat(400);
      // 16 MB: beyond all buffers between here and there, the queue's 64 KiB included.
      String last = "";
      for (int i = 0; i < 40_000; i++) {
        api.inventory.events().change("test", text);
        if (i % 80 == 79) {
          last = "" + api.inventory.events().lastSeq();
          while (!reads.next().get("id").equals(last)) {
            // until it is up to date
          }
        }
      }
      assertThat(last).isNotEmpty();
      long newest = api.inventory.events().lastSeq();
      long seen = 0;
      Map<String, String> event = Map.of();
      while (event != null && seen < newest) {
        event = sleeps.next();
        seen = event == null ? seen : Long.parseLong(event.get("id"));
      }
      assertThat(event).as("the end of the stream, not its newest event").isNull();
    }
  }

  @Test
  void aStream_endsWithItsSession_andWithTheServer() throws Exception {
    try (Api guarded = new Api(b -> b.token("ops", OPS, Role.WRITE).limits(LIMITS))) {
      String cookie =
          guarded
              .send(
                  guarded
                      .request("POST", "/api/v1/session", "")
                      .header("Authorization", "Bearer " + OPS))
              .header("Set-Cookie")
              .split(";", -1)[0];
      try (Stream session = new Stream(guarded, "", "Cookie: " + cookie + "\r\n");
          Stream token = new Stream(guarded, "", "Authorization: Bearer " + OPS + "\r\n");
          Stream nobody = new Stream(guarded, "", "")) {
        assertThat(session.status()).isEqualTo(200);
        assertThat(nobody.status()).isEqualTo(401);
        guarded.send(guarded.request("DELETE", "/api/v1/session", "").header("Cookie", cookie));
        assertThat(session.next()).isNull();
        guarded.balancer.drain("a");
        assertThat(token.next()).isNotNull();
        guarded.admin.close();
        assertThat(token.next()).isNull();
      }
    }
  }

  @Test
  void everyStream_beginsWithItsHeader_whateverIsWrittenInThatMoment() throws Exception {
    int streams = 100;
    Duration ever = Duration.ofDays(1);
    Limits wide = new Limits(ever, ever, ever, ever, streams, streams, 1 << 30, 4, ever);
    AtomicBoolean over = new AtomicBoolean();
    try (Api busy = new Api(builder -> builder.limits(wide))) {
      Thread writes =
          new Thread(
              () -> {
                while (!over.get()) {
                  busy.inventory.events().change("test", "text");
                  Thread.onSpinWait();
                }
              });
      writes.start();
      try {
        for (int i = 0; i < streams; i++) {
          try (Stream stream = new Stream(busy, "?after=0", "")) {
            assertThat(stream.head).startsWith("HTTP/1.1 200 OK");
            assertThat(stream.head)
                .filteredOn(line -> line.startsWith("Content-Type"))
                .containsExactly("Content-Type: text/event-stream");
            assertThat(stream.reader.readLine()).isEqualTo("retry: 2000");
          }
        }
      } finally {
        over.set(true);
        writes.join();
      }
    }
  }

  @Test
  void streamsOfOneBalancer_haveItsEventsAlone_andItsStats() throws Exception {
    LoadBalancer other = LoadBalancer.builder().servers(Server.of("h", 1).withId("x")).build();
    try (other) {
      api.inventory.put(Inventory.Balancer.of("a/b", other));
      try (Stream web = new Stream(api, "/balancers/web/events", "?stats=true", "");
          Stream both = new Stream(api, "?stats=true", "")) {
        other.drain("x");
        api.inventory.events().change("test", "text");
        api.balancer.drain("a");
        assertThat(web.next("server").get("data")).contains("\"server\":\"a\"");
        assertThat(both.next("server").get("data")).contains("\"server\":\"x\"");
        JsonNode stats = Api.JSON.readTree(web.next("stats").get("data"));
        assertThat(stats.path("balancers").properties()).hasSize(1);
        assertThat(stats.path("health").path("balancers")).hasSize(1);
        assertThat(stats.path("metrics").path("balancers").has("web")).isTrue();
        JsonNode all;
        do { // the history has looked since
          all = Api.JSON.readTree(both.next("stats").get("data"));
        } while (all.path("balancers").size() != 2);
        api.inventory.removeBalancer("web");
        Map<String, String> last;
        do { // what was on its way, and then the end: nobody is to read "up" of what is not there
          last = web.next("stats");
        } while (last != null);
      }
      try (Stream gone = new Stream(api, "/balancers/web/events", "", "")) {
        assertThat(gone.status()).isEqualTo(404);
      }
    }
  }
}
