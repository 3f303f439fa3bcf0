package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Selectors by name with options: which there are, what they do, how bad ones are refused. */
class SelectorOptionsTest {

  /** Of {@code a=1 b=2}. */
  private static Map<String, String> options(String text) {
    return Arrays.stream(text.split(" "))
        .filter(pair -> !pair.isEmpty())
        .map(pair -> pair.split("=", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1], (a, b) -> a, TreeMap::new));
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "round_robin | bound=1 | 'bound': unknown option of round_robin (expected: bounded,"
            + " sticky_max, sticky_ttl, subset, zone)",
        "round_robin | placement=nginx | 'placement': unknown option of round_robin (expected:"
            + " bounded, sticky_max, sticky_ttl, subset, zone)",
        "ring_hash | table_size=7 | 'table_size': unknown option of ring_hash (expected: bounded,"
            + " maximum_size, minimum_size, placement, sticky_max, sticky_ttl, subset, zone)",
        "ring_hash | placement=haproxy | placement: 'haproxy' (expected: envoy, ketama or nginx)",
        "ring_hash | minimum_size=0 | minimum_size: '0' (expected: a whole number, 1 to 8388608)",
        "ring_hash | minimum_size=9 maximum_size=5 | minimum_size: 9 (expected: at most"
            + " maximum_size, 5)",
        "ring_hash | maximum_size=8388609 | maximum_size: '8388609' (expected: a whole number, 1 to"
            + " 8388608)",
        "maglev | placement=nginx | 'placement': unknown option of maglev (expected: bounded,"
            + " sticky_max, sticky_ttl, subset, table_size, zone)",
        "maglev | table_size=100 | table_size: 100 (expected: a prime from SMALLEST to LARGEST,"
            + " such as 65537 or 655373)",
        "round_robin | bounded=0 | bounded: '0' (expected: a number above 0, as 0.25)",
        "round_robin | bounded=-1 | bounded: '-1' (expected: a number above 0, as 0.25)",
        "round_robin | bounded=NaN | bounded: 'NaN' (expected: a number above 0, as 0.25)",
        "round_robin | bounded=1e999 | bounded: '1e999' (expected: a number above 0, as 0.25)",
        "round_robin | bounded=much | bounded: 'much' (expected: a number above 0, as 0.25)",
        "round_robin | bounded= | bounded: '' (expected: not blank)",
        "round_robin | zone= | zone: '' (expected: not blank)",
        "round_robin | subset=3 | subset: '3' (expected: client index / size, as 3/20: a size of 1"
            + " or more)",
        "round_robin | subset=3/0 | subset: '3/0' (expected: client index / size, as 3/20: a size"
            + " of 1 or more)",
        "round_robin | subset=-1/5 | subset: '-1/5' (expected: client index / size, as 3/20: a size"
            + " of 1 or more)",
        "round_robin | subset=1/9999999999 | subset: '1/9999999999' (expected: client index / size,"
            + " as 3/20: a size of 1 or more)",
        "round_robin | sticky_max=5 | sticky_max: without sticky_ttl (expected: both)",
        "round_robin | sticky_ttl=5 | sticky_ttl: '5' (expected: more than 0, such as 500ms, 5s, 2m"
            + " or 1h, up to 8760h)",
        "round_robin | sticky_ttl=0s | sticky_ttl: '0s' (expected: more than 0, such as 500ms, 5s,"
            + " 2m or 1h, up to 8760h)",
        "round_robin | sticky_ttl=9000h | sticky_ttl: '9000h' (expected: more than 0, such as"
            + " 500ms, 5s, 2m or 1h, up to 8760h)",
        "round_robin | sticky_ttl=1m sticky_max=0 | sticky_max: '0' (expected: a whole number, 1 to"
            + " 2147483647)",
        "round_robin | sticky_ttl=1m sticky_max=many | sticky_max: 'many' (expected: a whole"
            + " number, 1 to 2147483647)",
      })
  void badOption_isRefusedByName(String selector, String text, String complaint) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.named(selector, options(text)))
        .withMessage(
            complaint
                .replace("SMALLEST", "" + MaglevTable.SMALLEST)
                .replace("LARGEST", "" + MaglevTable.LARGEST));
  }

  @Test
  void unknownSelector_listsTheNames() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.named("ring", Map.of()))
        .withMessageStartingWith("selector: 'ring' (expected: ");
  }

  @Test
  void nullsInOptions_areRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.named("random", null))
        .withMessage("options: null (expected: a map, empty for none)");
    Map<String, String> options = new HashMap<>();
    options.put("zone", null);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.named("random", options))
        .withMessage("zone: null (expected: a text)");
    options.clear();
    options.put(null, "a");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Selectors.named("random", options))
        .withMessage("options: null (expected: a text)");
  }

  @Test
  void withoutOptions_isTheSelectorItself() {
    assertThat(Selectors.named("round_robin", Map.of())).isSameAs(Selectors.roundRobin());
  }

  @Test
  void ownOptions_makeThatSelector() {
    assertSamePicks(
        Selectors.named("ring_hash", options("placement=nginx")),
        Selectors.ringHash(HashRing.Placement.NGINX),
        true);
    assertSamePicks(
        Selectors.named("ring_hash", options("placement=nginx")), Selectors.ringHash(), false);
    assertSamePicks(
        Selectors.named("ring_hash", options("minimum_size=5000 maximum_size=5000")),
        Selectors.ringHash(HashRing.Placement.ENVOY, 5_000, 5_000),
        true);
    assertSamePicks(
        Selectors.named("ring_hash", options("minimum_size=5000")), Selectors.ringHash(), false);
    assertSamePicks(
        Selectors.named("maglev", options("table_size=1009")), Selectors.maglev(1_009), true);
    assertSamePicks(
        Selectors.named("maglev", options("table_size=1009")), Selectors.maglev(), false);
  }

  private static void assertSamePicks(
      Selector.Factory one, Selector.Factory other, boolean isSame) {
    assertThat(picks(one).equals(picks(other))).isEqualTo(isSame);
  }

  private static List<String> picks(Selector.Factory factory) {
    LoadBalancerBuilder builder = LoadBalancer.builder().selector(factory);
    for (int i = 0; i < 20; i++) {
      builder.servers(Server.of("10.0.0." + i, 80));
    }
    LoadBalancer balancer = builder.build();
    return IntStream.range(0, 300)
        .mapToObj(i -> Servers.pick(balancer, Query.forKey("key-" + i)))
        .toList();
  }

  /** With all at once, as the innermost is {@code bounded} and the outermost the memory. */
  @Test
  void allAround_standInTheirOrder() {
    Selector.Factory factory =
        Selectors.named(
            "least_connections",
            options("sticky_ttl=10m sticky_max=5 bounded=0.5 zone=a subset=3/2"));
    LoadBalancerBuilder builder = LoadBalancer.builder().seed(1).selector(factory);
    for (int i = 0; i < 6; i++) {
      builder.servers(Servers.server(i).withZone(i % 2 == 0 ? "a" : "b"));
    }
    LoadBalancer balancer = builder.build();
    List<Node> subset = SubsetSelector.subset(balancer.nodes(), 3, 2);
    String first = Servers.pick(balancer, Query.forHash(7));
    assertThat(subset).extracting(node -> node.server().id()).contains(first);
    assertThat(unwrapped(factory)).isEqualTo("sticky subset zone bounded LeastConnectionsSelector");
  }

  private static String unwrapped(Selector.Factory factory) {
    List<Node> none = List.of(new Node(Servers.server(0)));
    StringBuilder text = new StringBuilder();
    Selector.Factory left = Named.unwrap(factory);
    while (left instanceof Around around) {
      Selector made = around.create(new Candidates(none, none, 1), null);
      text.append(
          made.getClass().getSimpleName().replace("Selector", "").toLowerCase(Locale.ROOT) + " ");
      left = around.inner();
    }
    return text + left.create(new Candidates(none, none, 1), null).getClass().getSimpleName();
  }

  @ParameterizedTest(name = "{0} {1}: {2}")
  @CsvSource({
    "round_robin, sticky_ttl=1m subset=0/3, true",
    "round_robin, bounded=0.25, false", // what a starting server holds is bounded by its weight
    "random, subset=0/3 bounded=0.25, false",
    "ring_hash, zone=a, true",
    "round_robin, zone=a, false", // a starting zone gets less
    "maglev, zone=a subset=0/3 sticky_ttl=1m, true",
    "ring_hash, bounded=0.25, false",
    "weighted_random, zone=a, false",
  })
  void slowStart_saysSoWhereNobodyLooksAtWeights(String name, String text, boolean isIdle) {
    LoadBalancer balancer =
        LoadBalancer.builder()
            .servers(Servers.numbered(3))
            .selector(Selectors.named(name, options(text)))
            .slowStart(Duration.ofSeconds(10))
            .build();
    assertThat(balancer.warnings().stream().map(Warning::name).toList())
        .isEqualTo(isIdle ? List.of("slow_start_without_weights") : List.of());
    balancer.close();
  }
}
