package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** The dashboard without a pointer: the grid of servers, and keys that do something by themselves. */
class DashboardKeysIT extends DashboardFixture {

  private static final int MOST_TABS = 60;

  /** Where the focus is: a server's row as its id, a cell as id and column, or the element's id. */
  private static String focus() {
    return chromium.text(
        "(e => { const tr = e.closest('tr'), cell = e.closest('td, th');"
            + " if (!tr) return '#' + e.id;"
            + " const row = tr.dataset.id ?? 'head';"
            + " return cell ? row + ' ' + cell.className.slice(2)"
            + "  + (e === cell ? '' : ' ' + e.localName) : row; })(document.activeElement)");
  }

  private static List<String> stops() {
    List<String> stops = new ArrayList<>();
    for (int i = 0; i < MOST_TABS && !stops.contains("#explain-key"); i++) {
      chromium.tab();
      stops.add(focus());
    }
    return stops;
  }

  @Test
  void grid_isOneStopForTab_andArrowsLeadEverywhereInIt() {
    assertThat(chromium.spoken("#table")).isEqualTo("grid");
    assertThat(chromium.spoken("tr[data-id=a]")).isEqualTo("row");
    assertThat(chromium.spoken("tr[data-id=a] .c-id")).isEqualTo("rowheader");
    assertThat(chromium.spoken("tr[data-id=a] .c-check")).isEqualTo("gridcell");
    chromium.find("#filter").click();
    assertThat(stops()).as("between the filter and the keys").containsOnlyOnce("a");
    assertThat(stops()).hasSize(MOST_TABS).doesNotContain("#explain-key");
  }
}
