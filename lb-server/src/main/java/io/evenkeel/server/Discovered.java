package io.evenkeel.server;

import io.evenkeel.core.DnsSource;
import io.evenkeel.core.FileSource;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.LoadBalancerBuilder;
import io.evenkeel.core.NoServerAvailableException;
import io.evenkeel.core.Server;
import io.evenkeel.core.ServerSource;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * Servers that an option finds, beside those that {@code --server} gives.
 *
 * @param option its name
 * @param given what {@code --server} gives: always members, whatever is found
 */
record Discovered(String option, ServerSource source, List<Server> given) {

  /** How long the first answer may take when nobody else can serve. */
  private static final long FIRST_ANSWER_SECONDS = 10;

  static Discovered file(Path file, List<Server> given) {
    // Put together here, and not on the way to the balancer, so that a server that is given as well
    // refuses the file: whoever wrote both can take one away.
    FileSource source =
        FileSource.of(file).withParser(text -> together(ServerFile.parse(file, text), given));
    return new Discovered("--server-file", source, given);
  }

  static Discovered dns(String option, DnsSource source, RunOptions options) {
    HostPort resolver = options.dnsResolver;
    DnsSource asked =
        resolver == null
            ? source
            : source.withResolver(new InetSocketAddress(resolver.host(), resolver.port()));
    return new Discovered(option, new Beside(asked, options.servers), options.servers);
  }

  /** Nothing found stays nothing, so that the balancer keeps what was found last. */
  private static List<Server> together(Collection<Server> found, List<Server> given) {
    List<Server> all = new ArrayList<>(found);
    if (!all.isEmpty()) {
      all.addAll(given);
    }
    return all;
  }

  /**
   * The balancer, with its first servers.
   *
   * @throws StartFailure if there are none
   */
  LoadBalancer start(LoadBalancerBuilder builder) throws StartFailure {
    LoadBalancer balancer;
    try {
      balancer = builder.source(source).build();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new StartFailure(option + ": " + e.getMessage(), e);
    }
    if (given.isEmpty()) {
      awaitServers(balancer);
    }
    return balancer;
  }

  private void awaitServers(LoadBalancer balancer) throws StartFailure {
    try {
      Object unused =
          balancer.ready().toCompletableFuture().get(FIRST_ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw noServers(balancer, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw noServers(balancer, e);
    } catch (ExecutionException | CancellationException e) {
      throw noServers(balancer, e);
    }
  }

  private StartFailure noServers(LoadBalancer balancer, Exception cause) {
    String why = "no server";
    try {
      balancer.acquire().close();
    } catch (NoServerAvailableException e) {
      why = String.valueOf(e.getMessage());
    }
    balancer.close();
    return new StartFailure(
        option + ": " + source + ": " + why + " (expected: a server within 10 s)", cause);
  }

  /** What a source finds, and those that are given, which stand for what is found by their ids. */
  private record Beside(ServerSource source, List<Server> given) implements ServerSource {
    @Override
    public AutoCloseable start(Sink sink) {
      Set<String> ids = given.stream().map(Server::id).collect(Collectors.toSet());
      return source.start(
          new Sink() {
            @Override
            public void update(Collection<Server> servers) {
              List<Server> others = new ArrayList<>(servers);
              others.removeIf(found -> ids.contains(found.id()));
              if (!servers.isEmpty()) { // as in together
                others.addAll(given);
              }
              sink.update(others);
            }

            @Override
            public void failed(Throwable cause) {
              sink.failed(cause);
            }
          });
    }

    @Override
    public String toString() {
      return source.toString();
    }
  }
}
