package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What factories are called, and which are the same. */
class SelectorDescriptionTest {

  static Iterable<String> names() {
    return Selectors.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void named_isDescribedExactlyAsItWasMade(String name) {
    for (Map<String, String> options :
        List.of(
            Map.<String, String>of(),
            Map.of("bounded", "0.250"),
            Map.of("zone", "east", "subset", "3/20", "sticky_ttl", "90s", "sticky_max", "10"))) {
      Selector.Factory factory = Selectors.named(name, options);
      assertThat(Selectors.describe(factory)).isEqualTo(new SelectorDescription(name, options));
      assertThat(Selectors.isSame(factory, Selectors.named(name, options))).isTrue();
      assertThat(Selectors.isSame(factory, Selectors.named(name, Map.of("zone", "west"))))
          .isFalse();
      assertThat(Selectors.isKeyed(factory)).isEqualTo(Selectors.isKeyed(Selectors.named(name)));
    }
    assertThat(Selectors.describe(Selectors.named(name)).toString()).isEqualTo(name);
  }

  @Test
  void madeByMethods_isDescribedByWhatMakesTheSame() {
    Selector.Factory factory =
        Selectors.ringHash(HashRing.Placement.KETAMA)
            .bounded(0.25)
            .zoneAware("east")
            .subset(3, 20)
            .sticky(Duration.ofMillis(1_500), 9);
    SelectorDescription description = Selectors.describe(factory);
    assertThat(description)
        .isEqualTo(
            new SelectorDescription(
                "ring_hash",
                Map.of(
                    "placement", "ketama",
                    "bounded", "0.25",
                    "zone", "east",
                    "subset", "3/20",
                    "sticky_ttl", "1500ms",
                    "sticky_max", "9")));
    assertThat(Selectors.named(description.name(), description.options())).isNotNull();
    assertThat(description)
        .hasToString(
            "ring_hash {bounded=0.25, placement=ketama, sticky_max=9, sticky_ttl=1500ms,"
                + " subset=3/20, zone=east}");
    assertThat(Selectors.describe(Selectors.maglev(101)).options())
        .isEqualTo(Map.of("table_size", "101"));
    assertThat(Selectors.describe(Selectors.ringHash(HashRing.Placement.ENVOY, 5, 50)).options())
        .isEqualTo(Map.of("placement", "envoy", "minimum_size", "5", "maximum_size", "50"));
  }

  @Test
  void usersOwn_isItsText_andTheSameOnlyAsItself() {
    Selector.Factory one = own();
    Selector.Factory other = own();
    assertThat(Selectors.describe(one)).isEqualTo(new SelectorDescription("my own", Map.of()));
    assertThat(Selectors.isSame(one, one)).isTrue();
    assertThat(Selectors.isSame(one, other)).isFalse();
    assertThat(Selectors.isSame(one.bounded(1), one.bounded(1))).isTrue();
    assertThat(Selectors.isSame(one.bounded(1), other.bounded(1))).isFalse();
    assertThat(Selectors.isSame(one.bounded(1), one.bounded(2))).isFalse();
    assertThat(Selectors.isSame(one.bounded(1).zoneAware("a"), one.zoneAware("a").bounded(1)))
        .isFalse();
    assertThat(Selectors.describe(one.bounded(1)).options()).isEqualTo(Map.of("bounded", "1.0"));
  }

  private static Selector.Factory own() {
    return new Selector.Factory() {
      @Override
      public Selector create(Candidates candidates, Selector previous) {
        return query -> null;
      }

      @Override
      public String toString() {
        return "my own";
      }
    };
  }
}
