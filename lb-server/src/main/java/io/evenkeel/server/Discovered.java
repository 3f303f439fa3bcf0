package io.evenkeel.server;

import io.evenkeel.core.DnsSource;
import io.evenkeel.core.FileSource;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.Server;
import io.evenkeel.core.ServerSource;
import io.evenkeel.server.config.BalancerConfig.DiscoveryConfig;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Where servers are found, beside those that are given, which are members whatever is found. */
final class Discovered {

  private Discovered() {}

  /**
   * As configured; the resolver is looked up.
   *
   * @throws IllegalArgumentException if it cannot be, as for a name that is none
   */
  static ServerSource source(DiscoveryConfig discovery, List<Server> given) {
    if (discovery instanceof DiscoveryConfig.FromFile file) {
      return file(file.path(), given);
    }
    if (discovery instanceof DiscoveryConfig.FromDns dns) {
      HostPort name = dns.name();
      return asking(dns.resolver(), DnsSource.addresses(name.host(), name.port()), given);
    }
    DiscoveryConfig.FromSrv srv = (DiscoveryConfig.FromSrv) discovery;
    return asking(srv.resolver(), DnsSource.srv(srv.name()).withTargetAddresses(), given);
  }

  /** The DNS server that is to be asked; null for those of this machine, or no DNS. */
  static @Nullable String resolverHost(@Nullable DiscoveryConfig discovery) {
    HostPort resolver = null;
    if (discovery instanceof DiscoveryConfig.FromDns dns) {
      resolver = dns.resolver();
    } else if (discovery instanceof DiscoveryConfig.FromSrv srv) {
      resolver = srv.resolver();
    }
    return resolver == null ? null : resolver.host();
  }

  private static ServerSource file(Path file, List<Server> given) {
    // Put together here, and not on the way to the balancer, so that a server that is given as well
    // refuses the file: whoever wrote both can take one away.
    return FileSource.of(file).withParser(text -> together(ServerFile.parse(file, text), given));
  }

  private static ServerSource asking(
      @Nullable HostPort resolver, DnsSource source, List<Server> given) {
    DnsSource asked =
        resolver == null
            ? source
            : source.withResolver(new InetSocketAddress(resolver.host(), resolver.port()));
    return new Beside(asked, given);
  }

  /** Nothing found stays nothing, so that the balancer keeps what was found last. */
  private static List<Server> together(Collection<Server> found, List<Server> given) {
    List<Server> all = new ArrayList<>(found);
    if (!all.isEmpty()) {
      all.addAll(given);
    }
    return all;
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
