package io.evenkeel.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.benchmarks.SpreadingSelectors;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** The report, from results made up beforehand: nothing is measured here. */
class ReportTest {

  private static final Contender ROTATION = ours("round_robin", Work.SELECT);
  private static final Contender COUNTER =
      other("baseline: a shared counter", "round_robin", Work.SELECT);
  private static final Contender SLOW_PEER =
      other("A peer <slow & steady>", "round_robin", Work.SELECT);
  private static final Contender LEASE = ours("round_robin", Work.USE);
  private static final Contender EWMA = ours("peak_ewma", Work.MEASURED_USE);
  private static final Contender SERVICETALK =
      other(Contenders.SERVICETALK_MEASURED, "peak_ewma", Work.MEASURED_USE);
  private static final Contender FINAGLE =
      other(Contenders.FINAGLE_MEASURED, "peak_ewma", Work.MEASURED_USE);
  private static final Contender UPDATE = ours("round_robin", Work.UPDATE_ALL);

  private final List<Sample> samples = new ArrayList<>();

  @Test
  void theFastestOfThoseLikeItIsTheOneToCompareWith() {
    measured(ROTATION, 10, 1, 0, 6);
    measured(COUNTER, 10, 1, 0, 5);
    measured(SLOW_PEER, 10, 1, 0, 50);

    Results results = new Results(samples);

    assertThat(results.fastestLike(new Cell(ROTATION, 10, 1))).contains(new Cell(COUNTER, 10, 1));
    assertThat(results.ratio(new Cell(ROTATION, 10, 1), new Cell(COUNTER, 10, 1)).median())
        .isEqualTo(1.2);
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    // The machine is twice as slow in the second round, for both.
    measured(ROTATION, 10, 1, 0, 5, 10, 5);
    measured(COUNTER, 10, 1, 0, 5, 10, 5);

    Results results = new Results(samples);

    assertThat(results.ratio(new Cell(ROTATION, 10, 1), new Cell(COUNTER, 10, 1)))
        .isEqualTo(new Spread(1, 0));
    assertThat(results.nanos(new Cell(ROTATION, 10, 1))).isEqualTo(new Spread(5, 2.5));
  }

  @Test
  void aBarIsMetByTheWorstCellOrNotAtAll() {
    measured(ROTATION, 10, 1, 0, 5, 5, 5);
    measured(COUNTER, 10, 1, 0, 5, 5, 5);
    measured(ROTATION, 10_000, 1, 0, 9, 9, 9);
    measured(COUNTER, 10_000, 1, 0, 5, 5, 5);

    assertThat(bar("select: no slower", "round_robin"))
        .extracting(Bars.Bar::verdict, Bars.Bar::measured)
        .containsExactly(
            Bars.Verdict.NOT_MET, "1.80× (of baseline: a shared counter, n = 10,000, 1 thread)");
    assertThat(bar("select: 10,000 servers at most 1.2×", "round_robin").verdict())
        .isEqualTo(Bars.Verdict.NOT_MET);
  }

  @Test
  void aBarThatIsMissedByLessThanTheErrorSaysSo() {
    measured(ROTATION, 10, 1, 0, 5.1, 5.6, 4.6);
    measured(COUNTER, 10, 1, 0, 5, 5, 5);

    assertThat(bar("select: no slower", "round_robin").verdict())
        .isEqualTo(Bars.Verdict.MET_WITHIN_ERROR);
  }

  @Test
  void anErrorThatSwallowsTheBarIsNoExcuse() {
    measured(ROTATION, 10, 1, 0, 5.1, 9, 3);
    measured(COUNTER, 10, 1, 0, 5, 5, 5);

    assertThat(bar("select: no slower", "round_robin").verdict()).isEqualTo(Bars.Verdict.TOO_NOISY);
  }

  @Test
  void latencyAwareOnesAreHeldAgainstServiceTalkAndFinagle() {
    measured(EWMA, 100, 2, 32, 40);
    measured(SERVICETALK, 100, 2, 16, 100);
    measured(FINAGLE, 100, 2, 176, 150);

    assertThat(bar("acquire + success + close: at most 0.5× ServiceTalk's", "peak_ewma").verdict())
        .isEqualTo(Bars.Verdict.MET);
    assertThat(bar("acquire + success + close: at most 0.2× Finagle's", "peak_ewma").verdict())
        .isEqualTo(Bars.Verdict.NOT_MET);
  }

  @Test
  void withoutThePeersNothingIsClaimed() {
    measured(EWMA, 100, 1, 32, 40);
    measured(ROTATION, 100, 1, 0, 5);

    assertThat(bar("select: no slower", "round_robin").verdict())
        .isEqualTo(Bars.Verdict.NOT_MEASURED);
    assertThat(bar("acquire + success + close: at most 0.2× Finagle's", "peak_ewma").verdict())
        .isEqualTo(Bars.Verdict.NOT_MEASURED);
  }

  @Test
  void allocationAndUpdatesHaveBarsOfTheirOwn() {
    measured(ROTATION, 100, 1, 16, 5);
    measured(LEASE, 100, 1, 32.01, 30);
    measured(UPDATE, 10_000, 1, 1e6, 12_500_000);

    assertThat(bar("select: 0 B/op", "round_robin").verdict()).isEqualTo(Bars.Verdict.NOT_MET);
    assertThat(bar("acquire + close: at most 32 B/op", "round_robin").verdict())
        .isEqualTo(Bars.Verdict.MET);
    assertThat(bar("update of all 10,000", "round_robin").measured())
        .isEqualTo("12.50 ms (10,000 servers)");
  }

  @Test
  void theTableHasEveryContenderAndTheRatio() {
    everything();
    Locale before = Locale.getDefault();
    String table;
    try {
      Locale.setDefault(Locale.GERMANY);
      table = Table.of(new Results(samples), List.of("Machine: M", "Date: D"), "picks.svg");
    } finally {
      Locale.setDefault(before);
    }

    assertThat(table)
        .contains("- Machine: M\n- Date: D\n", "![The same as a chart](picks.svg)")
        .contains("| **Evenkeel** | **6.0** | **60** | **7.0** | 0 |")
        .contains("| baseline: a shared counter | 5.0 | 50 | 5.0 | 0 |")
        .contains("| _of the fastest of them_ | 1.20× | 1.20× | 1.40× |  |")
        .contains("| A peer <slow & steady> | 50 | – | – | 0 |")
        .contains("| `round_robin` | 12 |");
    for (String line : table.lines().filter(l -> l.startsWith("|")).toList()) {
      assertThat(line).endsWith(" |").doesNotContain("null", "NaN");
    }
  }

  @Test
  void theChartIsWellFormedAndAlwaysTheSame() throws Exception {
    everything();

    String chart = Chart.of(new Results(samples), "Machine <M> & co; D");

    DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    Document document = parser.parse(new InputSource(new StringReader(chart)));
    assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
    assertThat(document.getElementsByTagName("text").getLength()).isGreaterThan(10);
    assertThat(chart)
        .contains("A peer &lt;slow &amp; steady&gt;")
        .doesNotContain("NaN", "Infinity");
    assertThat(Chart.of(new Results(samples), "Machine <M> & co; D")).isEqualTo(chart);
  }

  @Test
  void theRawDataHasEverySample() {
    everything();

    String json = RawData.of(new Results(samples), List.of("a \"quoted\" word"));

    assertThat(json).contains("\"a \\\"quoted\\\" word\"");
    assertThat(json.lines().filter(line -> line.contains("\"nanos\""))).hasSize(samples.size());
  }

  @Test
  void everySelectorTakesPart() {
    List<Contender> contenders = Contenders.of(SpreadingSelectors.names());

    assertThat(contenders.stream().filter(c -> c.ours() && c.work() == Work.SELECT))
        .extracting(Contender::name)
        .containsExactlyElementsOf(SpreadingSelectors.names());
    assertThat(contenders.stream().map(c -> c.name() + c.work()).distinct())
        .hasSameSizeAs(contenders);
  }

  @Test
  void thoseThatAreComparedRunOneAfterAnother_theOtherWayRoundNextTime() {
    List<Contender> contenders = List.of(EWMA, ROTATION, UPDATE, LEASE, COUNTER);
    Plan plan = Plan.full(1);

    List<Cell> first = plan.round(contenders, 1);
    List<Cell> second = new ArrayList<>(plan.round(contenders, 2));

    assertThat(first.subList(0, 2))
        .containsExactly(new Cell(ROTATION, 10, 1), new Cell(COUNTER, 10, 1));
    Collections.reverse(second);
    assertThat(second).isEqualTo(first);
    assertThat(first).filteredOn(cell -> cell.contender().equals(UPDATE)).hasSize(1);
    assertThat(first).doesNotHaveDuplicates();
  }

  private void everything() {
    measured(ROTATION, 10, 1, 0, 6);
    measured(ROTATION, 10_000, 1, 0, 60);
    measured(ROTATION, 10, 2, 0, 7);
    measured(COUNTER, 10, 1, 0, 5);
    measured(COUNTER, 10_000, 1, 0, 50);
    measured(COUNTER, 10, 2, 0, 5);
    measured(SLOW_PEER, 10, 1, 0, 50);
    measured(UPDATE, 10_000, 1, 1e6, 12_300_000);
  }

  private void measured(
      Contender contender, int servers, int threads, double bytes, double... nanos) {
    for (int round = 1; round <= nanos.length; round++) {
      samples.add(
          new Sample(new Cell(contender, servers, threads), round, nanos[round - 1], bytes));
    }
  }

  private Bars.Bar bar(String start, String selector) {
    return Bars.of(new Results(samples)).stream()
        .filter(bar -> bar.bar().startsWith(start) && bar.selector().equals(selector))
        .findFirst()
        .orElseThrow();
  }

  private static Contender ours(String selector, Work work) {
    return new Contender(selector, true, List.of(selector), work, "A." + work, selector);
  }

  private static Contender other(String name, String like, Work work) {
    return new Contender(name, false, List.of(like), work, "B." + name, null);
  }
}
