package io.evenkeel.benchmarks.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * What a run measures, and how long.
 *
 * @param servers how many servers
 * @param threads how many threads
 * @param warmups iterations of {@link #ITERATION_MILLIS} whose time does not count
 * @param iterations those that count
 * @param minutes when no other round is begun that would not end by then; the first always is
 */
record Plan(
    List<Integer> servers, List<Integer> threads, int warmups, int iterations, int minutes) {

  static final int ITERATION_MILLIS = 50;

  /** Two threads with all the work cost too much time: one number of servers says what they do. */
  private static final int USED_BY_MANY = 100;

  private static final int CHANGED = 10_000;
  private static final int BUILT = 1_000;

  /** How much longer those warm up whose picks are many small methods: 2 s in a full run. */
  private static final int SLOW_TO_WARM = 5;

  static Plan full(int minutes) {
    return new Plan(List.of(10, 100, 1_000, 10_000), List.of(1, 2), 8, 6, minutes);
  }

  /** Of rings: one thread says it all, for nothing is written. */
  static Plan rings(int minutes) {
    return new Plan(List.of(10, 100, 1_000, 10_000), List.of(1), 8, 6, minutes);
  }

  static Plan quick() {
    return new Plan(List.of(10, 10_000), List.of(1), 4, 4, 1);
  }

  /** How many iterations do not count for this one. */
  int warmups(Contender contender) {
    return Contenders.warmsSlowly(contender) ? warmups * SLOW_TO_WARM : warmups;
  }

  /**
   * One round's cells: those that are compared one after another. Every other round runs them the
   * other way round, so that a machine that slows down or speeds up favours nobody.
   */
  List<Cell> round(List<Contender> contenders, int round) {
    List<Cell> cells = new ArrayList<>();
    for (Contender contender : contenders) {
      for (int t : threads) {
        for (int n : servers) {
          if (contender.work().isPick()
              && (contender.work() != Work.USE || t == 1 || n == USED_BY_MANY)) {
            cells.add(new Cell(contender, n, t));
          }
        }
      }
      if (!contender.work().isPick()) {
        cells.add(new Cell(contender, contender.work() == Work.BUILD ? BUILT : CHANGED, 1));
      }
    }
    cells.sort(
        Comparator.comparing((Cell cell) -> cell.contender().work())
            .thenComparing(cell -> cell.contender().like().get(0))
            .thenComparing(Cell::threads)
            .thenComparing(Cell::servers));
    if (round % 2 == 0) {
      Collections.reverse(cells);
    }
    return cells;
  }
}
