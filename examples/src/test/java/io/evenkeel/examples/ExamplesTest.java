package io.evenkeel.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Lease;
import io.evenkeel.core.NoServerAvailableException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Runs the examples over real servers. */
class ExamplesTest {

  private final Backend a = backend("a");
  private final Backend b = backend("b");

  @AfterEach
  void closeBackends() {
    a.close();
    b.close();
  }

  @Test
  void httpClient_main_spreadsItsRequests() throws Exception {
    HttpClientBalancing.main(new String[] {a.address(), b.address()});
    assertThat(a.requests()).isEqualTo(2);
    assertThat(b.requests()).isEqualTo(2);
  }

  @Test
  void httpClient_aServerDies_itsRequestsGoToTheOther() throws Exception {
    HttpClientBalancing client = new HttpClientBalancing(List.of(a.server(), b.server()));
    b.close();
    for (int i = 0; i < 10; i++) {
      assertThat(client.get("/")).isEqualTo("a");
    }
    a.close();
    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(NoServerAvailableException.class)
        .hasMessageContaining("already tried");
  }

  @Test
  void embeddedProxy_balances_andNobodyNoticesThatAServerDies() throws Exception {
    try (EmbeddedProxy proxy = new EmbeddedProxy(List.of(a.server(), b.server()))) {
      List<String> answers = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        answers.add(get(proxy.address()));
      }
      assertThat(answers).containsOnly("a", "b");
      assertThat(a.requests()).isEqualTo(5);
      assertThat(b.requests()).isEqualTo(5);
      b.close();
      for (int i = 0; i < 10; i++) {
        assertThat(get(proxy.address())).isEqualTo("a");
      }
    }
  }

  @Test
  void embeddedProxy_main_endsWithItsInput() throws Exception {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(new byte[0]));
    try {
      EmbeddedProxy.main(new String[] {a.address(), b.address()});
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void watchedBalancer_isChangedByTheApi() throws Exception {
    try (WatchedBalancer watched = new WatchedBalancer(List.of(a.server(), b.server()), 0)) {
      String servers = "http://127.0.0.1:" + watched.address().getPort() + "/api/v1/servers";
      HttpRequest drain =
          HttpRequest.newBuilder(URI.create(servers + "/" + a.server().id()))
              .header("Content-Type", "application/json")
              .method("PATCH", BodyPublishers.ofString("{\"state\":\"drain\"}"))
              .build();
      assertThat(HttpClient.newHttpClient().send(drain, BodyHandlers.ofString()).body())
          .contains("\"state\":\"draining\"");
      for (int i = 0; i < 4; i++) {
        try (Lease lease = watched.balancer().acquire()) {
          assertThat(lease.server()).isEqualTo(b.server());
        }
      }
    }
  }

  @Test
  void watchedBalancer_main_endsWithItsInput() throws Exception {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(new byte[0]));
    try {
      WatchedBalancer.main(new String[] {a.address(), b.address()});
    } finally {
      System.setIn(before);
    }
  }

  private static String get(InetSocketAddress address) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + address.getPort() + "/");
    HttpRequest request = HttpRequest.newBuilder(uri).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
  }

  private static Backend backend(String name) {
    try {
      return new Backend(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
