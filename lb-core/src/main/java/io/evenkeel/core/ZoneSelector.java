package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Around a selector: one for each zone, the own zone's first while its capacity suffices. As in
 * Envoy's zone-aware routing, with the clients taken to be spread evenly over the zones: where Z
 * zones have eligible weight, each is to serve 1/Z of everything. An own zone with a share of the
 * weight of 1/Z or more serves all its clients; one with a share of s &lt; 1/Z serves Z·s of them,
 * and the others go to the zones with more than 1/Z, in proportion to what those have above that.
 *
 * <p>So with clients in every zone that has servers, each zone gets its share of the weight in all:
 * the others make up for just what a zone lacks. A client in a zone without eligible servers is
 * none of those, and goes by weight.
 *
 * <p>The weights are those that the inner selectors go by: around selectors by keys the configured
 * ones, so that a slow start moves no key between zones either.
 */
final class ZoneSelector implements Selector, KeyedSelector.Room {

  /** Sets the choice of a zone apart from the hash's other uses. */
  private static final long SALT = 0x5a6f6e6541776172L;

  /** Of 2⁶³: everything. */
  private static final long ALL = Long.MAX_VALUE;

  /** Servers without a zone, together: no zone is called so. */
  private static final String NONE = "";

  private record Zone(Selector selector, List<Node> eligible, long weight) {

    boolean hasUntried(Query query) {
      return query.triedCount() == 0 || eligible.stream().anyMatch(node -> !query.isTried(node));
    }
  }

  /** Of every zone with members; for the next selector. */
  private final Map<String, Selector> selectors = new HashMap<>();

  private final Randomness random;

  /** Those with eligible nodes; the own zone first if it is one of them. */
  private final Zone[] zones;

  /** Of 2⁶³, how many stay in the own zone; 0 if it has nobody. */
  private final long stay;

  /** Of 2⁶³, how many of those that go elsewhere go to this zone or one before it. */
  private final long[] limits;

  private ZoneSelector(
      Candidates candidates, Selector.Factory inner, String own, @Nullable ZoneSelector before) {
    this.random = candidates.random();
    Set<String> names = new LinkedHashSet<>();
    names.add(own); // the first
    candidates.members().forEach(node -> names.add(zoneOf(node)));
    List<Zone> found = new ArrayList<>();
    boolean isKeyed = Selectors.isKeyed(inner);
    boolean isOwnThere = false;
    for (String name : names) {
      Candidates group = candidates.only(node -> zoneOf(node).equals(name));
      if (group.members().isEmpty()) {
        continue;
      }
      Selector selector = group.build(inner, before == null ? null : before.selectors.get(name));
      selectors.put(name, selector);
      if (!group.eligible().isEmpty()) {
        isOwnThere |= name.equals(own);
        long weight =
            isKeyed
                ? group.eligible().stream().mapToLong(Node::weight).sum()
                : Arrays.stream(group.weights()).asLongStream().sum();
        found.add(new Zone(selector, group.eligible(), weight));
      }
    }
    this.zones = found.toArray(new Zone[0]);
    long[] parts = found.stream().mapToLong(Zone::weight).toArray();
    double stays = 0;
    if (isOwnThere) {
      long sum = Arrays.stream(parts).sum();
      stays = (double) parts[0] * zones.length / sum;
      for (int i = 0; i < parts.length; i++) {
        parts[i] = Math.max(0, parts[i] * zones.length - sum);
      }
    }
    this.stay = stays >= 1 ? ALL : (long) (stays * 0x1p63);
    this.limits = limits(parts, isOwnThere ? 1 : 0);
  }

  /** Cumulated, of 2⁶³; those before the first have nothing. */
  private static long[] limits(long[] parts, int first) {
    double sum = 0;
    for (int i = first; i < parts.length; i++) {
      sum += parts[i];
    }
    long[] limits = new long[parts.length];
    double cumulated = 0;
    for (int i = first; i < parts.length; i++) {
      cumulated += parts[i];
      limits[i] = cumulated >= sum ? ALL : (long) (cumulated / sum * 0x1p63);
    }
    return limits;
  }

  static Selector.Factory factory(Selector.Factory inner, String zone) {
    if (zone == null || zone.isBlank()) {
      throw new IllegalArgumentException(
          "zone: " + (zone == null ? "null" : "'" + zone + "'") + " (expected: not blank)");
    }
    return new Around(
        inner,
        !Selectors.isKeyed(inner),
        Map.of("zone", zone),
        (candidates, previous) ->
            new ZoneSelector(
                candidates, inner, zone, previous instanceof ZoneSelector same ? same : null));
  }

  private static String zoneOf(Node node) {
    String zone = node.server().zone();
    return zone == null ? NONE : zone;
  }

  @Override
  public @Nullable Node select(Query query) {
    if (zones.length == 0) {
      return null;
    }
    long bits = bits(query);
    int chosen = choose(bits);
    Node node = zones[chosen].selector.select(query);
    for (int i = 0; node == null && i < zones.length; i++) {
      node = zones[other(i, bits)].selector.select(query);
    }
    return node;
  }

  @Override
  public @Nullable Node peek(Query query) {
    if (!query.hasKey() && zones.length > 1) {
      return stay == ALL && zones[0].hasUntried(query) ? zones[0].selector.peek(query) : null;
    }
    long bits = bits(query);
    int zone = choose(bits);
    for (int i = 0; !zones[zone].hasUntried(query); i++) {
      zone = other(i, bits);
    }
    return zones[zone].selector.peek(query);
  }

  @Override
  public boolean isIn(Node node) {
    Selector zone = selectors.get(zoneOf(node));
    return zone == null || KeyedSelector.Room.isIn(zone, node); // it moved: the next one knows
  }

  /** From which a zone is chosen: the key's own, so that it keeps its zone, or by chance. */
  private long bits(Query query) {
    if (query.hasKey()) {
      return Mix.mix64(query.keyHash() ^ SALT);
    }
    return zones.length == 1 ? 0 : random.next();
  }

  private int choose(long bits) {
    if (stay == ALL || bits >>> 1 < stay) {
      return 0;
    }
    long elsewhere = Mix.mix64(bits) >>> 1;
    int zone = 0;
    while (zone < zones.length - 1 && elsewhere >= limits[zone]) {
      zone++;
    }
    return zone;
  }

  /**
   * Where the chosen zone has nobody: the own one, and all others from a place of the key's own.
   */
  private int other(int i, long bits) {
    if (i == 0) {
      return 0;
    }
    return 1 + (int) (((bits >>> 2) + i) % (zones.length - 1));
  }
}
