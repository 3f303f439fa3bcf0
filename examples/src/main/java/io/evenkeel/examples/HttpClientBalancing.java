package io.evenkeel.examples;

import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Balances the requests of a {@link HttpClient}; a server that cannot answer costs another try. */
public final class HttpClientBalancing {

  private final HttpClient http = HttpClient.newHttpClient();
  private final LoadBalancer balancer;

  HttpClientBalancing(List<Server> servers) {
    balancer =
        LoadBalancer.builder().servers(servers).selector(Selectors.leastConnections()).build();
  }

  /** GETs the path from one server after another, until one answers or none is left. */
  String get(String path) throws InterruptedException {
    Query query = Query.any();
    while (true) {
      try (Lease lease = balancer.acquire(query)) { // throws when every server was tried
        try {
          String body = send(lease.server(), path);
          lease.success();
          return body;
        } catch (IOException e) {
          lease.failure(e);
          query = query.excluding(lease.node());
        }
      }
    }
  }

  private String send(Server server, String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://" + server.host() + ":" + server.port() + path);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(2)).build();
    return http.send(request, BodyHandlers.ofString()).body();
  }

  /** Takes HOST:PORT arguments, and sends two requests for each. */
  public static void main(String[] args) throws InterruptedException {
    List<Server> servers = Stream.of(args).map(Arguments::server).toList();
    HttpClientBalancing client = new HttpClientBalancing(servers);
    for (int i = 0; i < 2 * servers.size(); i++) {
      System.out.println(client.get("/"));
    }
  }
}
