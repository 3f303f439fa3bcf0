package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.server.admin.AdminServerBuilder.Limits;
import io.evenkeel.server.config.AdminConfig.Role;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Strangers who hold connections keep no operator out. Nothing here ends by a deadline. */
class AdminConnectionsTest {

  private static final String OPS = "ops-secret-0123456789";
  private static final String TOKEN = "Authorization: Bearer " + OPS;
  private static final int MOST = 8;

  private static final String[] POST = {
    "POST /api/v1/servers HTTP/1.1",
    "Host: x",
    TOKEN,
    "Expect: 100-continue",
    "Content-Type: application/json",
    "Content-Length: 21"
  };

  private static final String[] EVENTS = {
    "GET /api/v1/events?stats=true HTTP/1.1", "Host: x", TOKEN, "Accept: text/event-stream"
  };

  private final List<Socket> sockets = new ArrayList<>();
  private final List<Api> open = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    open.forEach(Api::close);
  }

  private Api api(Consumer<AdminServerBuilder> setting) {
    Api api = new Api(setting);
    open.add(api);
    return api;
  }

  private Api small() {
    Duration ever = Duration.ofDays(1);
    Limits limits = new Limits(ever, ever, ever, ever, MOST, MOST, 1 << 20, 4, ever);
    return api(builder -> builder.token("ops", OPS, Role.WRITE).limits(limits));
  }

  private Socket connect(Api api, String first) throws IOException {
    Socket socket = api.connect();
    sockets.add(socket);
    try {
      socket.getOutputStream().write(first.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) { // as may be for one that was given up: who needs it will see
      socket.close();
    }
    return socket;
  }

  private static void assertAnswers(Api api) throws IOException {
    String answer =
        api.raw(Api.head("GET /api/v1/servers HTTP/1.1", "Host: x", TOKEN, "Connection: close"));
    assertThat(answer).startsWith("HTTP/1.1 200 ");
  }

  private static int first(Socket socket) throws IOException {
    return socket.getInputStream().read();
  }

  @Test
  void threeHundredSilentOnes_keepNobodyOut() throws Exception {
    Api api = api(builder -> builder.token("ops", OPS, Role.WRITE));
    for (int i = 0; i < 300; i++) {
      connect(api, "");
    }
    assertAnswers(api);
    for (int i = 0; i < 300; i++) {
      connect(api, "");
    }
    assertAnswers(api);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "GET / HTTP/1.1\r\nHost: x\r\nX: ",
        // answered, and silent from then on
        "GET /api/v1/servers HTTP/1.1\r\nHost: x\r\n\r\n",
        // whose answer waits for a day
        "GET /api/v1/servers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong-0123456789\r\n\r\n",
        // more answers than all buffers hold, and none of them read
        "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n*200",
      })
  void whateverTheySend_whoHasATokenIsAnswered_andStreamsGoOn(String sent) throws Exception {
    Api api = small();
    Socket stream = connect(api, Api.head(EVENTS));
    assertThat(first(stream)).isEqualTo('H');
    int times = sent.endsWith("*200") ? 200 : 1;
    for (int i = 0; i < 2 * MOST; i++) {
      connect(api, sent.replace("*200", "").repeat(times));
      if (i >= MOST) {
        assertAnswers(api);
      }
    }
    api.balancer.drain("a");
    StringBuilder text = new StringBuilder();
    while (text.indexOf("event: server") < 0) {
      int c = first(stream);
      assertThat(c).as("not the end of the stream: " + text).isNotNegative();
      text.append((char) c);
    }
  }

  @Test
  void aRequestThatIsLetIn_keepsItsPlace_untilItIsAnswered() throws Exception {
    Api api = small();
    Socket slow = connect(api, Api.head(POST));
    assertThat(first(slow)).as("100: its body is read").isEqualTo('H');
    for (int i = 0; i < 3 * MOST; i++) {
      connect(api, "");
    }
    assertAnswers(api);
    slow.getOutputStream().write("{\"host\":\"h\",\"port\":1}".getBytes(StandardCharsets.US_ASCII));
    slow.shutdownOutput();
    assertThat(Api.readToEnd(slow)).contains("HTTP/1.1 201 ");
    assertThat(api.balancer.nodes()).hasSize(4);
  }

  @Test
  void whoConnectsOften_takesPlacesFromHimself_notFromAnotherAddress() throws Exception {
    InetAddress other = InetAddress.getByName("127.0.0.2");
    try (Socket socket = new Socket()) {
      socket.bind(new InetSocketAddress(other, 0));
    } catch (IOException e) {
      Assumptions.abort("there is no second loopback address here: " + e);
    }
    Api api = small();
    Socket silent = connect(api, ""); // for longer than all of the others
    for (int i = 0; i < 3 * MOST; i++) {
      Socket socket = new Socket();
      sockets.add(socket);
      socket.bind(new InetSocketAddress(other, 0));
      socket.connect(new InetSocketAddress("127.0.0.1", api.port()));
    }
    assertThat(Api.exchange(silent, Api.head("GET /metrics HTTP/1.0", TOKEN)))
        .startsWith("HTTP/1.1 200 ");
  }

  @Test
  void noPlaceIsLost_whateverThoseDoWhoAreLetIn() throws Exception {
    Api api = small();
    String post = Api.head(POST);
    List<String> sent =
        List.of(
            post,
            post + "{\"ho",
            post + "x".repeat(21),
            Api.head("GET /api/v1/openapi.json HTTP/1.1", "Host: x", TOKEN).repeat(50),
            Api.head(EVENTS),
            Api.head("GET /api/v1/servers HTTP/1.1", "Host: x", TOKEN),
            Api.head("GET /api/v1/servers HTTP/1.1", "Host: x", TOKEN) + "GET / HT");
    ExecutorService strangers = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> runs = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Random random = new Random(i);
        runs.add(
            strangers.submit(
                () -> {
                  for (int round = 0; round < 150; round++) {
                    hostile(api, sent.get(random.nextInt(sent.size())), random);
                  }
                  return null;
                }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    } finally {
      strangers.shutdownNow();
    }
    // As many as there are places, each in a request that is let in and cannot be given up. Those
    // before are found out as their answers, and events, are written to them.
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    int places = 0;
    while (places < MOST && System.nanoTime() - end < 0) {
      api.inventory.events().change("test", "text");
      List<Socket> all = new ArrayList<>();
      places = 0;
      for (int i = 0; i < MOST; i++) {
        Socket socket = connect(api, post);
        all.add(socket);
        places += isAnswered(socket) ? 1 : 0;
      }
      for (Socket socket : all) {
        socket.close();
      }
    }
    assertThat(places).isEqualTo(MOST);
  }

  /** Sends something, reads some or none of what comes, and hangs up, one way or the other. */
  private static void hostile(Api api, String sent, Random random) throws IOException {
    try (Socket socket = api.connect()) {
      try {
        socket.getOutputStream().write(sent.getBytes(StandardCharsets.US_ASCII));
        if (random.nextBoolean() && !sent.endsWith("{\"ho")) { // which is answered at its end alone
          int unused = socket.getInputStream().read();
        }
        socket.setSoLinger(random.nextBoolean(), 0);
      } catch (SocketTimeoutException e) {
        throw e;
      } catch (IOException e) {
        socket.setSoLinger(true, 0); // it has hung up first
      }
    }
  }

  private static boolean isAnswered(Socket socket) {
    try {
      return !socket.isClosed() && first(socket) == 'H';
    } catch (IOException e) {
      return false;
    }
  }
}
