package io.evenkeel.pool;

import static io.evenkeel.pool.ByHand.SERVER;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import io.evenkeel.pool.ByHand.Connection;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the table in front of the map finds is what the map would. */
class ServersTest {

  private final ConnectionPool<Connection> pool = new ByHand().pool(p -> {});
  private final Servers<Connection> servers = new Servers<>();

  private ServerConnections<Connection> put(Server server) {
    return servers.of(server, first -> new ServerConnections<>(pool, first, 1));
  }

  @Test
  void moreServersThanTheTableHolds_areEachFound() {
    List<ServerConnections<Connection>> all = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      Server server = Server.of("10.0.0.1", 1 + i);
      assertThat(servers.find(server)).isNull();
      all.add(put(server));
      assertThat(servers.find(server)).isSameAs(all.get(i));
    }
    for (int i = 0; i < 2_000; i++) {
      assertThat(servers.find(Server.of("10.0.0.1", 1 + i))).isSameAs(all.get(i));
    }
  }

  @Test
  void anEqualServer_andOneOfTheSameId_findTheSame() {
    ServerConnections<Connection> connections = put(SERVER);
    Server moved = ByHand.MOVED;
    assertThat(servers.find(moved)).isSameAs(connections);
    assertThat(put(moved)).isSameAs(connections);
    assertThat(servers.find(moved)).isSameAs(connections);
    assertThat(servers.find(SERVER)).isSameAs(connections);
  }

  @Test
  void whatWasRemoved_isNotFound() {
    ServerConnections<Connection> connections = put(SERVER);
    servers.remove(connections);
    assertThat(servers.find(SERVER)).isNull();
    assertThat(put(SERVER)).isNotSameAs(connections);
  }
}
