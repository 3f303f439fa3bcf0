package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.server.config.AdminConfig.Role;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** Who may see the dashboard and change things on it, and what it does when nobody answers. */
class DashboardAccessIT {

  private static final String OPERATOR = "a-secret-of-the-operator";
  private static final String GUEST = "a-secret-of-the-guest";
  private static final String CONNECTION = "document.getElementById('connection').dataset.conn";

  /** Writes down each change of the connection's state, and whether the page looks old then. */
  private static final String LOOKS =
      "window.looks = [];"
          + "new MutationObserver(() => {"
          + "  const look = document.getElementById('connection').dataset.conn"
          + "    + (document.body.dataset.stale === 'true' ? ' old' : ' new');"
          + "  if (looks.at(-1) !== look) looks.push(look);"
          + "}).observe(document.getElementById('connection'), { attributeFilter: ['data-conn'] });";

  private Chromium chromium;
  private DashboardRig rig;
  private LoadBalancer balancer;

  @BeforeEach
  void start() throws Exception {
    chromium = Chromium.start();
    rig = new DashboardRig();
    balancer =
        rig.balancer("web", Selectors.roundRobin(), List.of(rig.server("a"), rig.server("b")));
  }

  @AfterEach
  void end() throws Exception {
    if (rig != null) {
      chromium.close();
      rig.close();
    }
  }

  private void open(AdminServer admin) {
    chromium.open("http://127.0.0.1:" + admin.address().getPort() + "/");
  }

  private AdminServer withTokens() throws Exception {
    return rig.with(
        AdminServer.builder(rig.inventory)
            .bind("127.0.0.1", 0)
            .token("ops", OPERATOR, Role.WRITE)
            .token("guest", GUEST, Role.READ)
            .start());
  }

  private void signIn(String token) {
    chromium.until("document.getElementById('sign-in').open");
    chromium.fill("#token", token);
    chromium.press(Keys.ENTER);
  }

  @Test
  void token_isAskedFor_wrongOneIsRefused_rightOneMayChange() throws Exception {
    open(withTokens());
    chromium.until("document.getElementById('sign-in').open");
    assertThat(chromium.bodyText()).doesNotContain("127.0.0.1:");
    assertThat(chromium.inaccessible()).isEmpty();
    signIn("not-one-of-those-that-are");
    chromium.until("!document.getElementById('sign-in-error').hidden");
    signIn(OPERATOR);
    chromium.until(CONNECTION + " === 'live'");
    assertThat(chromium.text("document.cookie")).as("out of scripts' reach").isEmpty();
    assertThat(chromium.find("#add").isDisplayed()).isTrue();
    chromium.press("g", "m");
    chromium.click("dialog[open] button[type=submit]");
    chromium.until("document.querySelector('tr[data-state=maintenance]')");
    assertThat(balancer.eligibleCount()).isEqualTo(1);
    // The log of events says who it was.
    chromium.until("/by ops/.test(document.getElementById('log').innerText)");
    chromium.click("#sign-out");
    chromium.until("document.getElementById('sign-in').open");
    assertThat(chromium.violations()).isEmpty();
  }

  @Test
  void tokenThatMayOnlyRead_seesNoActions() throws Exception {
    open(withTokens());
    signIn(GUEST);
    chromium.until(CONNECTION + " === 'live'");
    chromium.until("document.querySelectorAll('tr[data-id]').length === 2");
    assertThat(chromium.find("#role").isDisplayed()).isTrue();
    assertThat(chromium.find("#add").isDisplayed()).isFalse();
    assertThat(chromium.find("#change-selector").isDisplayed()).isFalse();
    chromium.js("document.querySelector('tr[data-id] .c-menu button').click()");
    chromium.until("document.querySelectorAll('#menu [role=menuitem]').length === 1");
    chromium.press(Keys.ESCAPE);
    chromium.press("g", "d");
    chromium.until("/may only read/.test(document.getElementById('toasts').innerText)");
    assertThat(chromium.number("document.querySelectorAll('dialog[open]').length")).isZero();
    assertThat(balancer.eligibleCount()).isEqualTo(2);
  }

  @Test
  void adminServerThatRestarts_isSaidToBeGone_thenComesBackByItself() throws Exception {
    AdminServer first = AdminServer.builder(rig.inventory).bind("127.0.0.1", 0).start();
    int port = first.address().getPort();
    try (first) {
      open(first);
      chromium.until(CONNECTION + " === 'live'");
      chromium.js(LOOKS);
    }
    chromium.until(CONNECTION + " === 'lost'");
    chromium.until("!document.getElementById('offline').hidden");
    assertThat(chromium.find("#connection").getText()).isEqualTo("Disconnected");
    assertThat(chromium.number("document.querySelectorAll('tr[data-id]').length"))
        .as("what was known is still shown")
        .isEqualTo(2);
    assertThat(chromium.text("getComputedStyle(document.querySelector('main')).filter"))
        .isEqualTo("grayscale(1)");
    assertThat(chromium.inaccessible()).isEmpty();
    boolean maintained = balancer.maintain("b"); // while nobody tells the page
    assertThat(maintained).isTrue();
    rig.with(AdminServer.builder(rig.inventory).bind("127.0.0.1", port).start());
    chromium.until(CONNECTION + " === 'live'");
    chromium.until("document.querySelector('tr[data-id=b]').dataset.state === 'maintenance'");
    chromium.until("document.getElementById('offline').hidden");
    // What is old looks old through all tries, until there are statistics again.
    assertThat(chromium.texts("looks"))
        .contains("lost old", "connecting old", "live new")
        .allMatch(look -> look.startsWith("live ") == look.endsWith(" new"));
    chromium.until("/b .*maintenance/.test(document.getElementById('log').innerText)");
  }
}
