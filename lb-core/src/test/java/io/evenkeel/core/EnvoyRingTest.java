package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.HashRing.Placement;
import java.util.List;
import java.util.NavigableMap;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/**
 * The placement {@code ENVOY}: beside a ring that Envoy's own tests print, and one written from the
 * definition with another library's XXH64.
 */
class EnvoyRingTest {

  /** The ring of six hosts of two points each in Envoy's ring_hash_lb_test.cc, "Basic". */
  private static final String[] PUBLISHED = {
    "94 833437586790550860", "92 928266305478181108", "90 1033482794131418490",
    "95 3551244743356806947", "93 3851675632748031481", "91 5583722120771150861",
    "91 6311230543546372928", "93 7700377290971790572", "95 13144177310400110813",
    "92 13444792449719432967", "94 15516499411664133160", "90 16117243373044804889"
  };

  @Test
  void ringOfEnvoysOwnTest_isTheSame() {
    List<Server> servers =
        IntStream.range(90, 96).mapToObj(port -> Server.of("127.0.0.1", port)).toList();
    HashRing ring = HashRing.of(servers, Placement.ENVOY, 12, HashRing.LARGEST_SIZE);
    assertThat(ring.points()).isEqualTo(12);
    long[] hashes = ring.hashes();
    for (int i = 0; i < 12; i++) {
      String[] point = PUBLISHED[i].split(" ", -1);
      assertThat(Long.toUnsignedString(hashes[i])).isEqualTo(point[1]);
      int port = Integer.parseInt(point[0]);
      assertThat(ring.server(hashes[i]).port()).isEqualTo(port);
      assertThat(ring.server(hashes[i] - 1).port()).isEqualTo(port);
      int next = Integer.parseInt(PUBLISHED[(i + 1) % 12].split(" ", -1)[0]);
      assertThat(ring.server(hashes[i] + 1).port()).isEqualTo(next);
    }
    assertThat(ring.server(0L).port()).isEqualTo(94);
    assertThat(ring.server(-1L).port()).isEqualTo(94);
  }

  @Property(tries = 200)
  void anyWeightsAndSizes_agreeWithTheDefinition(
      @ForAll @Size(min = 1, max = 30) List<@IntRange(max = 50) Integer> weights,
      @ForAll @IntRange(min = 1, max = 3_000) int minimum,
      @ForAll @IntRange(max = 1_000) int more,
      @ForAll @Size(50) List<Long> hashes) {
    List<Server> servers = RingServers.weighted(weights);
    HashRing ring = HashRing.of(servers, Placement.ENVOY, minimum, minimum + more);
    NavigableMap<Long, Server> expected = RingServers.envoy(servers, minimum, minimum + more);
    assertThat(ring.points()).isEqualTo(expected.size());
    if (expected.isEmpty()) {
      assertThat(ring.server("any")).isNull();
      return;
    }
    assertThat(ring.hashes())
        .containsExactly(expected.keySet().stream().mapToLong(h -> h).toArray());
    for (long hash : hashes) {
      assertThat(ring.server(hash)).isEqualTo(RingServers.lookUp(expected, hash));
    }
  }

  @Property(tries = 200)
  void keys_areHashedByXxh64OfTheirUtf8(@ForAll @Size(max = 100) String key) {
    List<Server> servers = RingServers.even(40);
    HashRing ring = HashRing.of(servers, Placement.ENVOY);
    String text =
        key.codePoints()
            .filter(c -> !(0xd800 <= c && c < 0xe000))
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    assertThat(ring.server(text)).isEqualTo(ring.server(RingServers.xxh64(text)));
    assertThat(ring.server(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
        .isEqualTo(ring.server(text));
  }

  @Test
  void ipv6_isWrittenAsEnvoyWritesIt() {
    assertThat(
            List.of(
                "::1", "[::1]", "2001:DB8:0:0:0:0:0:1", "1:0:0:2:0:0:0:3", "::", "1:2:3:4:5:6:7:0"))
        .extracting(host -> RingPoints.address(Server.of(host, 80), Placement.ENVOY))
        .containsExactly(
            "[::1]:80",
            "[::1]:80",
            "[2001:db8::1]:80",
            "[1:0:0:2::3]:80",
            "[::]:80",
            "[1:2:3:4:5:6:7:0]:80");
    assertThat(RingPoints.address(Server.of("fe80::1%eth0", 80), Placement.ENVOY))
        .isEqualTo("[fe80::1%eth0]:80");
    assertThat(RingPoints.address(Server.of("a.example", 80), Placement.ENVOY))
        .isEqualTo("a.example:80");
  }
}
