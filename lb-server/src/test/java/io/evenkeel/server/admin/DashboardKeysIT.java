package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/**
 * The dashboard without a pointer: the grid of servers, and keys that do something by themselves.
 */
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

  private static void goes(CharSequence key, String to) {
    chromium.press(key);
    assertThat(focus()).isEqualTo(to);
  }

  /** Where Tab stops in the grid on the way from the filter to what comes after the servers. */
  private static List<String> stops() {
    chromium.js("document.getElementById('filter').focus()");
    List<String> stops = new ArrayList<>();
    for (int i = 0; i < MOST_TABS; i++) {
      chromium.tab();
      String stop = focus();
      if (stop.equals("#explain-key")) {
        return stops;
      }
      if (!stop.startsWith("#")) {
        stops.add(stop);
      }
    }
    throw new AssertionError("Tab does not get out of " + stops);
  }

  private static boolean isChosen(String id) {
    return chromium.text(row(id) + ".ariaSelected").equals("true");
  }

  @Test
  void grid_isOneStopForTab_andArrowsLeadEverywhereInIt() {
    assertThat(chromium.spoken("#table")).isEqualTo("grid");
    assertThat(chromium.spoken("tr[data-id=a]")).isEqualTo("row");
    assertThat(chromium.spoken("tr[data-id=a] .c-id")).isEqualTo("rowheader");
    assertThat(chromium.spoken("tr[data-id=a] .c-check")).isEqualTo("gridcell");
    assertThat(stops()).containsExactly(HOSTILE);
    chromium.tab();
    goes("g", HOSTILE);
    goes(Keys.ARROW_DOWN, "a");
    goes(Keys.ARROW_RIGHT, "a pick input");
    chromium.press(Keys.SPACE);
    assertThat(isChosen("a")).isTrue();
    goes(Keys.ARROW_RIGHT, "a state");
    goes(Keys.END, "a menu button");
    goes(Keys.ARROW_RIGHT, "a menu button");
    goes(Keys.ARROW_DOWN, "b menu button");
    chromium.press(Keys.ENTER);
    chromium.until("document.querySelector('#menu:popover-open')");
    chromium.press(Keys.ESCAPE);
    chromium.until("!document.querySelector('#menu:popover-open')");
    assertThat(focus()).isEqualTo("b menu button");
    goes(Keys.ARROW_LEFT, "b failures");
    chromium.press(Keys.ENTER);
    chromium.until("document.querySelector('.drawer[open] h2')?.textContent === 'b'");
    chromium.press(Keys.ESCAPE);
    chromium.until("!document.querySelector('.drawer')");
    assertThat(focus()).isEqualTo("b failures");
    assertThat(stops()).as("Tab comes back to where it was").containsExactly("b failures");
    chromium.tab();
    goes("g", "b");
    goes(Keys.HOME, HOSTILE);
    goes(Keys.ARROW_RIGHT, HOSTILE + " pick input");
    goes(Keys.ARROW_LEFT, HOSTILE);
    chromium.press(Keys.SPACE);
    assertThat(isChosen(HOSTILE)).isTrue();
    assertThat(isChosen("b")).isFalse();
    chromium.until("/2 servers chosen/.test(document.getElementById('bulk').innerText)");
    // Above the first row are the heads, which sort.
    goes(Keys.ARROW_UP, "head");
    goes(Keys.ARROW_UP, "head");
    for (String head : List.of("pick input", "state button", "id button", "check button")) {
      goes(Keys.ARROW_RIGHT, "head " + head);
    }
    goes(Keys.ARROW_RIGHT, "head weight button");
    chromium.press(Keys.ENTER);
    assertThat(chromium.find("th[data-key=weight]").getDomAttribute("aria-sort"))
        .isEqualTo("descending");
    goes(Keys.ARROW_DOWN, "b weight");
    chromium.control(Keys.END);
    assertThat(focus()).isEqualTo("c weight");
    goes(Keys.HOME, "c pick input");
    chromium.control(Keys.HOME);
    assertThat(focus()).isEqualTo("b pick input");
  }

  @Test
  void rowThatGoesAway_leavesTheFocusSomewhereSensible() {
    chromium.press("g", Keys.ARROW_DOWN, Keys.ARROW_DOWN);
    assertThat(focus()).isEqualTo("b");
    chromium.press("/", "north");
    chromium.until("document.querySelectorAll('tr[data-id]').length === 1 && " + row("a"));
    assertThat(stops()).as("not the row that was filtered out").containsExactly("a");
    chromium.tab();
    goes("g", "a");
    goes(Keys.ARROW_DOWN, "a");
    chromium.fill("#filter", "nobody");
    chromium.until("!document.getElementById('table-empty').hidden");
    assertThat(stops()).isEmpty();
    chromium.tab();
    goes("g", "#filter");
    goes(Keys.ESCAPE, "a");
    boolean removed = web.remove("a");
    assertThat(removed).isTrue();
    chromium.until("!" + row("a"));
    assertThat(focus()).isEqualTo("#table-scroll");
    chromium.press("w"); // of nobody
    awaitToast("Choose a server first");
    goes(Keys.ARROW_DOWN, HOSTILE);
  }

  @Test
  void singleKeys_canBeSwitchedOff_whichIsRemembered() {
    String on = "document.getElementById('keys-on').checked";
    chromium.press("?");
    chromium.until("document.querySelector('.help[open]')");
    assertThat(chromium.js("return " + on)).isEqualTo(true);
    chromium.click("#keys-on");
    chromium.press(Keys.ESCAPE);
    for (int i = 0; i < 2; i++) {
      chromium.click("#servers-title");
      chromium.press("/", "a", "s", "k", "p", "t", "2", "?", "g", "w", "m", Keys.DELETE);
      assertThat(chromium.number("document.querySelectorAll('dialog[open], .toast').length"))
          .isZero();
      assertThat(chromium.find("#connection").getText()).isEqualTo("Live");
      assertThat(chromium.text("document.documentElement.dataset.theme")).isEqualTo("null");
      assertThat(chromium.text("document.activeElement.closest('input, tr')")).isEqualTo("null");
      assertThat(chromium.find("[aria-selected=true][role=tab]").getText()).contains("web");
      assertThat(chromium.find("#pause").getDomAttribute("title"))
          .isEqualTo("Hold the numbers still");
      assertThat(chromium.find(".filter kbd").isDisplayed()).isFalse();
      chromium.reload();
      shown();
    }
    // Where the focus is, keys do what they do everywhere.
    chromium.js("document.querySelector('tr[data-id=a]').focus()");
    goes(Keys.ARROW_DOWN, "b");
    // A browser that keeps nothing is no obstacle.
    chromium.js(
        "Storage.prototype.setItem = Storage.prototype.removeItem ="
            + " () => { throw new DOMException('not here', 'SecurityError'); }");
    chromium.click("#help");
    assertThat(chromium.js("return " + on)).isEqualTo(false);
    chromium.click("#keys-on");
    chromium.press(Keys.ESCAPE);
    chromium.press("p");
    chromium.until("document.getElementById('connection').dataset.conn === 'paused'");
    assertThat(chromium.find("#pause").getDomAttribute("title")).endsWith(" (p)");
  }
}
