package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SourceAddressesTest {

  private static InetAddress address(String literal) throws Exception {
    return InetAddress.getByName(literal);
  }

  /** Servers of both families in turn must not always meet the same address of their own. */
  @Test
  void addressesOfEachFamily_takeTurnsOfTheirOwn() throws Exception {
    SourceAddresses sources =
        new SourceAddresses(List.of(address("127.0.0.2"), address("127.0.0.3"), address("::1")), 0);
    Map<String, Integer> used = new HashMap<>();
    for (int i = 0; i < 10; i++) {
      try (SocketChannel four = SocketChannel.open(StandardProtocolFamily.INET);
          SocketChannel six = SocketChannel.open(StandardProtocolFamily.INET6)) {
        sources.bind(four, new InetSocketAddress(address("127.0.0.1"), 1));
        sources.bind(six, new InetSocketAddress(address("::1"), 1));
        for (SocketChannel each : List.of(four, six)) {
          InetSocketAddress local = (InetSocketAddress) each.getLocalAddress();
          used.merge(local.getAddress().getHostAddress(), 1, Integer::sum);
        }
      }
    }
    assertThat(used).isEqualTo(Map.of("127.0.0.2", 5, "127.0.0.3", 5, "0:0:0:0:0:0:0:1", 10));
  }
}
