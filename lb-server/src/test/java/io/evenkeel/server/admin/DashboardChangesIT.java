package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Block;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** The dashboard's dialogs when things do not go straight. */
class DashboardChangesIT extends DashboardFixture {

  /** They go by themselves after some seconds, in which there may be much to do here. */
  private static final String TOASTS_STAY =
      "const real = setTimeout; window.setTimeout = (task, ms) => ms < 5000 ? real(task, ms) : 0;";

  private static void chooseAll() {
    chromium.click("#pick-all");
    chromium.until("/4 servers chosen/.test(document.getElementById('bulk').innerText)");
  }

  private static List<String> inMaintenance(LoadBalancer balancer) {
    return balancer.nodes().stream()
        .filter(node -> node.blocks().contains(Block.MAINTENANCE))
        .map(node -> node.server().id())
        .toList();
  }

  /** Without a click, which a dialog would be in the way of. */
  private static void show(String balancer) {
    chromium.js("location.hash = '#b=" + balancer + "'");
    chromium.until(
        "document.querySelector('[role=tab][aria-selected=true]').dataset.name === "
            + Chromium.quote(balancer));
  }

  @Test
  void deadlineThatIsNoNumber_isRefused_andNothingIsRemoved() {
    menu("a", "Remove");
    record(0);
    chromium.fill("dialog[open] input[name=drain_seconds]", "1e");
    chromium.press(Keys.ENTER);
    chromium.until("document.querySelector('dialog[open] input[aria-invalid]')");
    assertThat(chromium.text("document.querySelector('dialog[open] .field .error').innerText"))
        .isEqualTo("expected: a number from 0 to 86400");
    assertThat(chromium.text("document.activeElement.name")).isEqualTo("drain_seconds");
    assertThat(calls()).isEmpty();
    chromium.press(Keys.ESCAPE);
    closed();
    assertThat(web.nodes()).hasSize(4);
  }

  @Test
  void oneOfSeveralFails_andOnlyThatOneIsSentAgain() throws Exception {
    Server spare = rig.server("spare");
    record(0);
    chooseAll();
    chromium.clickButton("#bulk", "Remove");
    submit();
    // The last server of a balancer is not removed.
    chromium.until(
        "/^3 of 4 made, 1 not made: /.test("
            + "document.querySelector('dialog[open] .error[role=alert]').innerText)");
    chromium.complaints(); // the browser's own line about the answer 409
    List<String> first = calls();
    assertThat(first).hasSize(4).doesNotHaveDuplicates();
    assertThat(web.nodes()).hasSize(1);
    web.add(spare);
    confirm();
    awaitToast("4 servers: removed");
    assertThat(calls()).isEqualTo(Stream.concat(first.stream(), Stream.of(first.get(3))).toList());
    assertThat(web.nodes()).extracting(node -> node.server().id()).containsExactly("spare");
  }

  @Test
  void leavingAmidSeveral_stopsThoseThatHaveNotBegun_andSaysHowMany() {
    record(2);
    chooseAll();
    chromium.clickButton("#bulk", "Maintenance");
    submit();
    chromium.until("calls.length === 2");
    chromium.press(Keys.ESCAPE);
    closed();
    chromium.js("release()");
    awaitToast("Maintenance: 2 of 4 made, 2 not made.");
    assertThat(calls()).hasSize(2).doesNotHaveDuplicates();
    assertThat(inMaintenance(web)).hasSize(2);
    // They are still chosen, for another try; this time all but the first are left by Cancel.
    record(1);
    chromium.clickButton("#bulk", "Ready");
    submit();
    chromium.until("calls.length === 1");
    chromium.clickButton("dialog[open]", "Cancel");
    closed();
    chromium.js("release()");
    awaitToast("Ready: 1 of 4 made, 3 not made.");
    assertThat(calls()).hasSize(1);
  }

  @Test
  void leavingWhenAllHasBegun_isToldHowItWent() {
    record(1);
    menu("a", "Maintenance");
    submit();
    chromium.until("calls.length === 1");
    chromium.press(Keys.ESCAPE);
    closed();
    assertThat(chromium.find("#toasts").getText()).isEmpty();
    chromium.js("release()");
    awaitToast("a: in maintenance");
    assertThat(inMaintenance(web)).containsExactly("a");
  }

  @Test
  void toastBesideTheDetails_isSeenAndRead_andLeavesTheFocus() {
    chromium.js(TOASTS_STAY);
    details("a");
    chromium.clickButton(".drawer", "Maintenance");
    chromium.until("document.querySelector('dialog[open]:not(.drawer)')");
    confirm();
    awaitToast("a: in maintenance");
    assertThat(chromium.number("document.querySelectorAll('.drawer[open]').length")).isOne();
    // Nothing is in front of it.
    chromium.until(
        "(box => document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)"
            + "?.closest('.toast'))(document.querySelector('.toast').getBoundingClientRect())");
    assertThat(chromium.spoken("#toasts")).isEqualTo("status polite");
    assertThat(chromium.spoken("#announce")).as("what events say").endsWith("polite");
    assertThat(chromium.text("document.activeElement.textContent")).isEqualTo("Maintenance…");
    assertThat(chromium.text("document.activeElement.closest('dialog').className"))
        .isEqualTo("drawer");
  }

  @Test
  void textSelectedInTheDetails_staysSelectedWhenTheyChange() {
    String port = String.valueOf(node(web, "a").server().port());
    String checks =
        "[...document.querySelectorAll('.drawer dt')].find(dt => dt.textContent === 'Checks')"
            + ".nextSibling.textContent";
    details("a");
    chromium.js(
        "const dd = [...document.querySelectorAll('.drawer dd')]"
            + ".find(one => one.textContent.endsWith(':' + arguments[0]));"
            + "getSelection().selectAllChildren(dd); window.selected = getSelection().anchorNode;",
        port);
    String before = chromium.text(checks);
    chromium.until(checks + " !== " + Chromium.quote(before));
    assertThat(chromium.text("String(getSelection())")).isEqualTo("127.0.0.1:" + port);
    assertThat(chromium.js("return selected.isConnected && selected === getSelection().anchorNode"))
        .isEqualTo(true);
  }

  @Test
  void dialogOfOneBalancer_isAboutThatOne_whateverIsShownMeanwhile() {
    cache.add(Server.of("127.0.0.1", node(web, "a").server().port()).withId("a"));
    menu("a", "Maintenance");
    show("cache");
    chromium.until("document.querySelector('dialog[open]').innerText.includes('Balancer web')");
    confirm();
    assertThat(inMaintenance(web)).containsExactly("a");
    assertThat(inMaintenance(cache)).isEmpty();

    boolean maintained = cache.maintain("a");
    assertThat(maintained).isTrue();
    show("web");
    details("a");
    show("cache");
    chromium.clickButton(".drawer", "Ready");
    chromium.until("document.querySelector('dialog[open]:not(.drawer)')");
    confirm();
    assertThat(inMaintenance(web)).isEmpty();
    assertThat(inMaintenance(cache)).containsExactly("a");
    chromium.press(Keys.ESCAPE);

    show("web");
    chromium.click("#add");
    show("cache");
    chromium.fill("dialog[open] input[name=host]", "127.0.0.1");
    chromium.fill("dialog[open] input[name=id]", "new");
    confirm();
    assertThat(node(web, "new").server().host()).isEqualTo("127.0.0.1");
    assertThat(cache.nodes()).hasSize(3);
  }
}
