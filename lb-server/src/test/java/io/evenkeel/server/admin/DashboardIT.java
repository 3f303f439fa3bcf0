package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.evenkeel.core.Block;
import io.evenkeel.core.SelectorDescription;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/**
 * The dashboard in a real browser, over a real balancer: what it shows is so, and what is done on
 * it is done to the balancer.
 */
class DashboardIT extends DashboardFixture {

  /**
   * Writes down what each statistics event says of b, and how b is shown when it has been heard.
   */
  private static final String WITNESS_OF_B =
      "window.told = [];"
          + "window.EventSource = class extends EventSource {"
          + "  addEventListener(type, listener) {"
          + "    super.addEventListener(type, message => {"
          + "      listener(message);"
          + "      if (type !== 'stats') return;"
          + "      const stats = JSON.parse(message.data);"
          + "      const row = document.querySelector('tr[data-id=b]');"
          + "      told.push({ time: stats.time_unix, shown: row.dataset.state,"
          + "        said: stats.balancers.web.servers.find(server => server.id === 'b').state,"
          + "        colour: getComputedStyle(row.querySelector('.pill')).color });"
          + "    });"
          + "  }"
          + "};";

  @Test
  void showsTheServers_theirState_andWhatTheyCarry() throws Exception {
    rig.ask("web", 5_000);
    assertThat(cell("a", "id")).contains("a", "127.0.0.1:", "north");
    assertThat(cell("b", "weight")).isEqualTo("3");
    assertThat(cell("c", "state")).contains("Up", "for");
    assertThat(cell("c", "check")).contains("ago");
    assertThat(chromium.find("#table").getDomAttribute("aria-rowcount")).isEqualTo("5");
    assertThat(chromium.text("document.querySelector('tr[data-id]').ariaRowIndex")).isEqualTo("2");
    assertThat(chromium.find("#overall").getText()).isEqualTo("Up");
    assertThat(chromium.find("#uptime").getText()).startsWith("up for");
    assertThat(chromium.find("#selector").getText()).isEqualTo("round_robin");
    chromium.until(
        "document.querySelector('#card-open .more').textContent.startsWith('1 accepted')");
    chromium.until("/5 kB out/.test(document.querySelector('#card-bytes .more').textContent)");
    chromium.until("document.querySelectorAll('.plot canvas').length === 6");
    details("a");
    chromium.until("document.querySelector('.drawer .details').innerText.includes('rack')");
  }

  /**
   * Within the check time, which is as many failed checks as the policy asks for, whatever time
   * they take here: the server is out at the last of those, the first statistics after that say so,
   * and the page is red before it does anything else.
   */
  @Test
  void killedServer_turnsRed_atTheCheckThatTakesItOut_andIsUpAgainWhenItIs() throws Exception {
    chromium.open("http://" + address + "/", WITNESS_OF_B);
    shown();
    long failedBefore = api("balancers/web/servers/b/health").at("/check/failures").asLong();
    long before = System.nanoTime();
    rig.kill("b");
    awaitState("b", "down");
    System.out.printf(
        "dashboard: red %d ms after the kill%n", (System.nanoTime() - before) / 1_000_000);
    assertThat(cell("b", "state")).startsWith("Down");
    assertThat(cell("b", "check")).contains("refused");

    JsonNode health = api("balancers/web/servers/b/health");
    assertThat(health.at("/check/failures").asLong() - failedBefore)
        .as("no check has passed since the first that failed")
        .isEqualTo(health.at("/check/in_a_row").asLong());
    assertThat(health.at("/blocks/0/cause").asText())
        .startsWith(DashboardRig.FALL + " failures in a row");
    Instant out = null;
    for (JsonNode event : api("events").path("events")) {
      if (event.path("server").asText().equals("b")
          && event.path("what").asText().equals("blocked")) {
        out = Instant.parse(event.path("time").asText());
      }
    }
    assertThat(out).isNotNull();
    double outAt = out.toEpochMilli() / 1e3;
    chromium.until("told.some(one => one.time > " + outAt + ")");
    assertThat(chromium.texts("told.filter(one => one.time > " + outAt + ").map(one => one.said)"))
        .as("statistics from then on")
        .containsOnly("down");
    assertThat(
            chromium.texts(
                "told.filter(one => one.shown !== one.said)"
                    + ".map(one => one.said + ' shown as ' + one.shown)"))
        .as("what is told is shown at once")
        .isEmpty();
    for (String colour :
        chromium.texts("told.filter(one => one.said === 'down').map(one => one.colour)")) {
      String[] parts = colour.replaceAll("[^0-9,]", "").split(",", -1);
      assertThat(Integer.parseInt(parts[0])).as("red of %s", colour).isGreaterThan(150);
      assertThat(Integer.parseInt(parts[1])).as("green of %s", colour).isLessThan(80);
    }

    chromium.until("/web: b is down/.test(document.getElementById('attention').innerText)");
    chromium.until("document.getElementById('overall').innerText === 'Degraded'");
    chromium.until("/b .*is down/.test(document.getElementById('log').innerText)");
    // Said once to those who do not see the page.
    chromium.until("/is down/.test(document.getElementById('announce').textContent)");
    assertThat(chromium.text("document.title")).startsWith("(1 out)");
    rig.revive("b");
    awaitState("b", "up");
    chromium.until("document.getElementById('attention').hidden");
  }

  @Test
  void drainAndReady_areSeenInTheBalancer() {
    menu("a", "Drain");
    chromium.fill("dialog[open] input[name=drain_seconds]", "600");
    confirm();
    assertThat(node(web, "a").blocks()).containsExactly(Block.DRAINING);
    awaitState("a", "draining");
    assertThat(cell("a", "state")).startsWith("Draining");
    chromium.until("/drain/.test(document.getElementById('log').innerText)");
    menu("a", "Ready");
    confirm();
    assertThat(node(web, "a").blocks()).isEmpty();
    awaitState("a", "up");
  }

  @Test
  void severalAtOnce_maintenance() {
    chromium.js(row("a") + ".querySelector('input').click()");
    chromium.js(row("c") + ".querySelector('input').click()");
    chromium.clickButton("#bulk", "Maintenance");
    chromium.until("/2 servers/.test(document.querySelector('dialog[open] h2').innerText)");
    confirm();
    assertThat(node(web, "a").blocks()).containsExactly(Block.MAINTENANCE);
    assertThat(node(web, "c").blocks()).containsExactly(Block.MAINTENANCE);
    assertThat(node(web, "b").blocks()).isEmpty();
    awaitState("a", "maintenance");
    awaitState("c", "maintenance");
    chromium.until("document.getElementById('bulk').hidden");
  }

  @Test
  void weight_isChecked_thenSeenInTheBalancer() {
    menu("b", "Weight");
    chromium.fill("dialog[open] input[name=weight]", "-1");
    chromium.click("dialog[open] button[type=submit]");
    chromium.until("document.querySelector('dialog[open] input[aria-invalid]')");
    chromium.fill("dialog[open] input[name=weight]", String.valueOf(Server.MAX_WEIGHT + 1L));
    chromium.click("dialog[open] button[type=submit]");
    // The answer of the API stands at the field that it is about.
    chromium.until(
        "/expected/.test(document.querySelector('dialog[open] .field .error').textContent)");
    assertThat(node(web, "b").server().weight()).isEqualTo(3);
    chromium.complaints(); // the browser's own line about the answer 422
    chromium.fill("dialog[open] input[name=weight]", "7");
    confirm();
    assertThat(node(web, "b").server().weight()).isEqualTo(7);
    chromium.until(row("b") + ".querySelector('.c-weight').innerText === '7'");
  }

  @Test
  void addAndRemove_areSeenInTheBalancer() throws Exception {
    Server added = rig.server("new");
    chromium.click("#add");
    chromium.fill("dialog[open] input[name=host]", added.host());
    chromium.fill("dialog[open] input[name=port]", String.valueOf(added.port()));
    chromium.fill("dialog[open] input[name=id]", "new");
    chromium.fill("dialog[open] input[name=zone]", "south");
    confirm();
    assertThat(node(web, "new").server())
        .isEqualTo(Server.of(added.host(), added.port()).withId("new").withZone("south"));
    awaitState("new", "up");
    menu("new", "Remove");
    // What destroys is not what Enter does by itself.
    assertThat(chromium.text("document.activeElement.name")).isEqualTo("drain_seconds");
    confirm();
    assertThat(web.nodes()).noneMatch(node -> node.server().id().equals("new"));
    chromium.until("!" + row("new"));
  }

  @Test
  void selector_isChangedWithItsOptions_andShowsWhereKeysGo() {
    chromium.until("/does not go by keys/.test(document.getElementById('shares').innerText)");
    chromium.click("#change-selector");
    chromium.until("document.querySelector('dialog[open] select')");
    chromium.find("dialog[open] select option[value=ring_hash]").click();
    chromium.fill("dialog[open] input[name=placement]", "elsewhere");
    chromium.click("dialog[open] button[type=submit]");
    chromium.until("document.querySelector('dialog[open] input[name=placement][aria-invalid]')");
    chromium.complaints(); // the browser's own line about the answer 422
    chromium.fill("dialog[open] input[name=placement]", "nginx");
    chromium.fill("dialog[open] input[name=bounded]", "0.5");
    confirm();
    assertThat(Selectors.describe(web.settings().selector()))
        .isEqualTo(
            new SelectorDescription("ring_hash", Map.of("placement", "nginx", "bounded", "0.5")));
    chromium.until("/ring_hash/.test(document.getElementById('selector').innerText)");
    chromium.until("document.querySelectorAll('#shares .share').length === 4");
  }

  @Test
  void severalBalancers_areTabs_andKeysAreExplained() {
    chromium.click("[role=tab][data-name=cache]");
    awaitState("k1", "up");
    assertThat(chromium.text("document.querySelectorAll('tr[data-id]').length")).isEqualTo("2");
    assertThat(chromium.find("[role=tab][aria-selected=true]").getText()).contains("cache", "2/2");
    chromium.until("document.querySelectorAll('#shares .share').length === 2");
    for (String key : List.of("session-42", "/a?b=c&d <b>", "ключ")) {
      chromium.fill("#explain-key", key);
      chromium.press(Keys.ENTER);
      chromium.until(
          "document.querySelector('#explanation .answer code')?.textContent === "
              + Chromium.quote(key));
      Server next = cache.explain(key).next();
      assertThat(chromium.find("#explanation .answer b").getText()).isEqualTo(next.id());
    }
    chromium.reload(); // the address says which
    live();
    awaitState("k2", "up");
  }

  @Test
  void filterAndChips_showWhatFits() {
    chromium.press("/");
    assertThat(chromium.text("document.activeElement.id")).isEqualTo("filter");
    chromium.press("north r7");
    chromium.until("document.querySelectorAll('tr[data-id]').length === 1 && " + row("a"));
    chromium.fill("#filter", "nobody");
    chromium.until("/No server fits/.test(document.getElementById('table-empty').innerText)");
    chromium.press(Keys.ESCAPE);
    chromium.until("document.querySelectorAll('tr[data-id]').length === 4");
    chromium.click("th[data-key=weight] button");
    chromium.until("document.querySelector('tr[data-id]').dataset.id === 'b'");
    assertThat(chromium.find("th[data-key=weight]").getDomAttribute("aria-sort"))
        .isEqualTo("descending");
  }

  @Test
  void keyboardAlone_goesToAServer_andChangesIt() {
    chromium.tab();
    assertThat(chromium.text("document.activeElement.className")).isEqualTo("skip");
    chromium.press("?");
    chromium.until("/Filter servers/.test(document.querySelector('dialog.help[open]')?.innerText)");
    chromium.press(Keys.ESCAPE);
    chromium.until("!document.querySelector('dialog[open]')");
    chromium.press("g");
    chromium.press(Keys.HOME);
    chromium.press(Keys.ARROW_DOWN);
    chromium.until("document.activeElement.dataset.id !== undefined");
    String id = chromium.text("document.activeElement.dataset.id");
    // It is seen where the focus is.
    assertThat(chromium.text("getComputedStyle(document.activeElement).outlineStyle"))
        .isEqualTo("solid");
    chromium.press("w");
    chromium.until("document.activeElement.name === 'weight'");
    chromium.control("a");
    chromium.press("9", Keys.ENTER);
    chromium.until("!document.querySelector('dialog[open]')");
    assertThat(node(web, id).server().weight()).isEqualTo(9);
    // The focus is back, and Escape does nothing to anybody.
    chromium.until("document.activeElement.dataset.id === " + Chromium.quote(id));
    chromium.press("m");
    chromium.until("document.querySelector('dialog[open]')");
    chromium.press(Keys.ESCAPE);
    chromium.until("!document.querySelector('dialog[open]')");
    assertThat(node(web, id).blocks()).isEmpty();
  }

  @Test
  void heldStill_showsNothingNew_untilItIsLetGo() {
    chromium.press("p");
    chromium.until("document.getElementById('connection').dataset.conn === 'paused'");
    boolean drained = web.drain("c");
    assertThat(drained).isTrue();
    chromium.until("/c .*drain/.test(document.getElementById('log').innerText)");
    assertThat(chromium.text(row("c") + ".dataset.state")).isEqualTo("up");
    chromium.press("p");
    awaitState("c", "draining");
    live();
  }

  @Test
  void hostileId_isATextEverywhere() {
    assertThat(cell(HOSTILE, "id")).startsWith("<img src=x onerror=");
    menu(HOSTILE, "Maintenance");
    chromium.until(
        "document.querySelector('dialog[open]:not(.drawer) h2').innerText.includes('<img src=x')");
    confirm();
    assertThat(node(web, HOSTILE).blocks()).containsExactly(Block.MAINTENANCE);
    awaitState(HOSTILE, "maintenance");
    chromium.until("document.getElementById('log').innerText.includes('<img src=x')");
    chromium.js(row(HOSTILE) + ".click()");
    chromium.until(
        "document.querySelector('.drawer h2').textContent === " + Chromium.quote(HOSTILE));
    chromium.press(Keys.ESCAPE);
    chromium.fill("#explain-key", HOSTILE);
    chromium.press(Keys.ENTER);
    chromium.until("document.querySelector('#explanation .verdicts')");
    assertThat(chromium.text("document.title")).doesNotContain("owned");
  }

  @Test
  void darkAndLight_asTheSystem_orAsChosen() {
    String background = "getComputedStyle(document.body).backgroundColor";
    String light = chromium.text(background);
    chromium.prefers("dark");
    chromium.until(background + " !== '" + light + "'");
    String dark = chromium.text(background);
    chromium.press("t"); // light, whatever the system says
    chromium.until(background + " === '" + light + "'");
    chromium.press("t");
    chromium.until(background + " === '" + dark + "'");
    chromium.prefers("light");
    chromium.reload();
    live();
    assertThat(chromium.text(background)).as("it is remembered").isEqualTo(dark);
    chromium.press("t");
    chromium.until(background + " === '" + light + "'");
    assertThat(chromium.text("localStorage.length")).isEqualTo("0");
  }

  @Test
  void phone_nothingIsWiderThanTheScreen() {
    for (int width : new int[] {360, 700, 1024, 2560}) {
      chromium.size(width, 800);
      chromium.until("innerWidth === " + width);
      assertThat(chromium.number("document.documentElement.scrollWidth"))
          .as("at %s", width)
          .isEqualTo(width);
    }
  }
}
