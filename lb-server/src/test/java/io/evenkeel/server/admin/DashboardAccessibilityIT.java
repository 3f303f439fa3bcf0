package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** The dashboard as axe-core sees it, in both themes. What is seen elsewhere is looked at there. */
class DashboardAccessibilityIT extends DashboardFixture {

  private static void assertAccessible(String what) throws Exception {
    assertThat(chromium.inaccessible()).as(what).isEmpty();
  }

  @Test
  void page_withServersInAllStates_wideAndNarrow() throws Exception {
    boolean out = web.drain("a") && web.maintain("b");
    assertThat(out).isTrue();
    rig.kill("c");
    awaitState("c", "down");
    chromium.js(row("a") + ".querySelector('input').click()");
    chromium.fill("#filter", "127");
    assertAccessible("servers");
    chromium.size(360, 800);
    assertAccessible("on a phone");
  }

  @Test
  void keys_whereTheyGo_andTheAnswerAboutOne() throws Exception {
    chromium.click("[role=tab][data-name=cache]");
    chromium.until("document.querySelectorAll('#shares .share').length === 2");
    chromium.fill("#explain-key", "session-42");
    chromium.press(Keys.ENTER);
    chromium.until("document.querySelector('#explanation .answer')");
    assertAccessible("keys");
  }

  @Test
  void details_andAToastBesideThem() throws Exception {
    boolean drained = web.drain("a");
    assertThat(drained).isTrue();
    details("a");
    chromium.clickButton(".drawer", "Ready");
    confirm();
    awaitToast("a: ready");
    assertAccessible("details");
  }

  @Test
  void dialogs_andMenu() throws Exception {
    chromium.press("?");
    chromium.until("document.querySelector('.help[open]')");
    assertAccessible("help");
    chromium.press(Keys.ESCAPE);
    chromium.press("a");
    chromium.until("document.querySelector('dialog[open]')");
    chromium.click("dialog[open] summary");
    submit();
    assertAccessible("a form with complaints");
    chromium.press(Keys.ESCAPE);
    chromium.js(row("a") + ".querySelector('.c-menu button').click()");
    assertAccessible("a menu");
  }

  /** The checker is one: what is wrong is found. */
  @Test
  void coloursTooNear_andRolesThatDoNotFit_areFound() throws Exception {
    chromium.js(
        "document.documentElement.style.setProperty('--muted', '#888');"
            + "document.getElementById('table').setAttribute('role', 'list');");
    assertThat(chromium.inaccessible())
        .anyMatch(one -> one.startsWith("light: color-contrast at "))
        .anyMatch(one -> one.startsWith("dark: aria-required-"));
  }
}
