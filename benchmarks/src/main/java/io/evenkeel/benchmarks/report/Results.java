package io.evenkeel.benchmarks.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/** What was measured, by cell. Immutable. */
final class Results {

  private final Map<Cell, Map<Integer, Sample>> byCell = new LinkedHashMap<>();
  private final Set<Contender> contenders = new LinkedHashSet<>();
  private final List<Sample> samples;

  Results(Collection<Sample> samples) {
    this.samples = List.copyOf(samples);
    for (Sample sample : samples) {
      byCell.computeIfAbsent(sample.cell(), cell -> new TreeMap<>()).put(sample.round(), sample);
      contenders.add(sample.cell().contender());
    }
  }

  List<Sample> samples() {
    return samples;
  }

  boolean has(Cell cell) {
    return byCell.containsKey(cell);
  }

  Spread nanos(Cell cell) {
    return spread(cell, Sample::nanos);
  }

  /**
   * The fewest bytes of any round: what a pick allocates it allocates in each, the rest is the
   * harness's.
   */
  double bytes(Cell cell) {
    return samples(cell).values().stream().mapToDouble(Sample::bytes).min().orElseThrow();
  }

  /** One cell's time over another's, round by round: what slows the machine slows both. */
  Spread ratio(Cell cell, Cell to) {
    Map<Integer, Sample> others = samples(to);
    List<Double> ratios = new ArrayList<>();
    for (Sample sample : samples(cell).values()) {
      Sample other = others.get(sample.round());
      if (other != null) {
        ratios.add(sample.nanos() / other.nanos());
      }
    }
    return ratios.isEmpty()
        ? new Spread(nanos(cell).median() / nanos(to).median(), 0)
        : Spread.of(ratios);
  }

  /**
   * The fastest, by its median, of the others that do the same for the same servers and threads.
   */
  Optional<Cell> fastestLike(Cell ours) {
    return others(ours.contender()).stream()
        .map(other -> new Cell(other, ours.servers(), ours.threads()))
        .filter(this::has)
        .min(Comparator.comparingDouble(cell -> nanos(cell).median()));
  }

  /** The others that this one of ours is compared with. */
  List<Contender> others(Contender ours) {
    return contenders.stream()
        .filter(other -> !other.ours() && other.work() == ours.work())
        .filter(other -> other.like().contains(ours.like().get(0)))
        .toList();
  }

  /** Those of ours, for one kind of work. */
  List<Contender> ours(Work work) {
    return contenders.stream().filter(c -> c.ours() && c.work() == work).toList();
  }

  /** The cells of one contender, by threads and servers. */
  List<Cell> cells(Contender contender) {
    return byCell.keySet().stream()
        .filter(cell -> cell.contender().equals(contender))
        .sorted(Comparator.comparingInt(Cell::threads).thenComparingInt(Cell::servers))
        .toList();
  }

  /** The numbers of servers at which picks were measured. */
  Set<Integer> servers() {
    Set<Integer> servers = new TreeSet<>();
    byCell.keySet().stream()
        .filter(cell -> cell.contender().work().isPick())
        .forEach(cell -> servers.add(cell.servers()));
    return servers;
  }

  /** The numbers of threads at which picks were measured. */
  Set<Integer> threads() {
    Set<Integer> threads = new TreeSet<>();
    byCell.keySet().forEach(cell -> threads.add(cell.threads()));
    return threads;
  }

  /** How many rounds were complete, at most. */
  int rounds() {
    return samples.stream().mapToInt(Sample::round).max().orElse(0);
  }

  private Spread spread(Cell cell, ToDoubleFunction<Sample> what) {
    return Spread.of(samples(cell).values().stream().map(what::applyAsDouble).toList());
  }

  private Map<Integer, Sample> samples(Cell cell) {
    Map<Integer, Sample> found = byCell.get(cell);
    if (found == null) {
      throw new IllegalArgumentException("not measured: " + cell);
    }
    return found;
  }
}
