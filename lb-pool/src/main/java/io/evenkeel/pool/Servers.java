package io.evenkeel.pool;

import io.evenkeel.core.Server;
import java.util.Collection;
import java.util.Collections;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The servers of a pool: a map by id. Safe for use by any thread.
 *
 * <p>In front of it is a table of those found lately, by the very object that the caller names its
 * server with: two loads where the map takes five, each of which waits for the one before, behind
 * the compare-and-set of the last use. What is in the table may have left the map. Then it has no
 * idle connection, and who finds none looks into the map.
 */
final class Servers<C> {

  private static final int LATELY_BITS = 8;

  private final ConcurrentHashMap<String, ServerConnections<C>> byId = new ConcurrentHashMap<>();

  /** Read and written by anyone, as it happens. */
  private final @Nullable ServerConnections<C>[] lately = newArray(1 << LATELY_BITS);

  /** Where the connections to a server are, if they are anywhere; they may have been forgotten. */
  @SuppressWarnings("ReferenceEquality") // see the class comment
  @Nullable ServerConnections<C> find(Server server) {
    ServerConnections<C> found = lately[indexOf(server)];
    return found != null && found.usedFor() == server ? found : byId.get(server.id());
  }

  /** Those of a server, made if there are none. */
  ServerConnections<C> of(Server server, Function<Server, ServerConnections<C>> made) {
    ServerConnections<C> connections = byId.get(server.id());
    if (connections == null) {
      connections = byId.computeIfAbsent(server.id(), id -> made.apply(server));
    }
    connections.isUsedFor(server);
    int index = indexOf(server);
    if (lately[index] != connections) {
      lately[index] = connections;
    }
    return connections;
  }

  @Nullable ServerConnections<C> get(String id) {
    return byId.get(id);
  }

  Collection<ServerConnections<C>> all() {
    return Collections.unmodifiableCollection(byId.values());
  }

  void remove(ServerConnections<C> connections) {
    byId.remove(connections.serverId(), connections);
    for (int i = 0; i < lately.length; i++) {
      if (lately[i] == connections) {
        lately[i] = null; // for the garbage collector; one who puts it back keeps it until the next
      }
    }
  }

  private static int indexOf(Server server) {
    return (server.hashCode() * 0x9E37_79B9) >>> (Integer.SIZE - LATELY_BITS);
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // holds nothing else than what is put into it here
  private static <C> @Nullable ServerConnections<C>[] newArray(int length) {
    return new ServerConnections[length];
  }
}
