package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Node;
import io.evenkeel.core.Selectors;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * What tests of the dashboard stand on: a browser for all of a class, and for each test a page of
 * its own over two balancers of real servers. One of the servers has a hostile id throughout.
 */
abstract class DashboardFixture {

  static final String HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \"'&amp;";

  private static final JsonMapper JSON = new JsonMapper();

  /**
   * Writes down what is to change something, as {@code calls}; the one with that number waits until
   * {@code release()} is called, and none is given up meanwhile.
   */
  private static final String RECORD =
      "const held = new Promise(resolve => { window.release = resolve; });"
          + "const hold = arguments[0], real = (window.realFetch ??= window.fetch);"
          + "window.calls = [];"
          + "AbortSignal.timeout = () => new AbortController().signal;"
          + "window.fetch = async (path, init) => {"
          + "  if (init.method !== 'GET') {"
          + "    calls.push(init.method + ' ' + decodeURIComponent(path));"
          + "    if (calls.length === hold) await held;"
          + "  }"
          + "  return real(path, init);"
          + "};";

  static Chromium chromium;

  DashboardRig rig;
  LoadBalancer web;
  LoadBalancer cache;
  String address;

  @BeforeAll
  static void startBrowser() throws Exception {
    chromium = Chromium.start();
  }

  @AfterAll
  static void endBrowser() throws Exception {
    if (chromium != null) {
      chromium.close();
      chromium = null;
    }
  }

  @BeforeEach
  void openThePage() throws Exception {
    rig = new DashboardRig();
    web =
        rig.balancer(
            "web",
            Selectors.roundRobin(),
            List.of(
                rig.server("a").withZone("north").withMetadata("rack", "r7"),
                rig.server("b").withWeight(3),
                rig.server("c"),
                rig.server(HOSTILE)));
    cache =
        rig.balancer(
            "cache",
            Selectors.named("ring_hash", Map.of("placement", "ketama")),
            List.of(rig.server("k1"), rig.server("k2").withWeight(2)));
    AdminServer admin = rig.with(AdminServer.builder(rig.inventory).bind("127.0.0.1", 0).start());
    address = "127.0.0.1:" + admin.address().getPort();
    chromium.size(1440, 1000);
    chromium.prefers("light");
    chromium.open("http://" + address + "/");
    shown();
  }

  /** Whatever a test did: nothing was complained of, stopped or asked of anybody else. */
  @AfterEach
  void nothingWasAmiss() throws Exception {
    try {
      assertThat(chromium.text("document.title")).contains("Evenkeel");
      assertThat(chromium.number("document.images.length")).isZero();
      assertThat(chromium.violations()).isEmpty();
      assertThat(chromium.complaints()).isEmpty();
      assertThat(chromium.hosts()).containsExactly(address);
    } finally {
      chromium.leave();
      rig.close();
    }
  }

  static void live() {
    chromium.until("document.getElementById('connection').dataset.conn === 'live'");
  }

  /** All of web's servers are on the page, and well. */
  static void shown() {
    live();
    chromium.until("document.querySelectorAll('tr[data-id][data-state=up]').length === 4");
  }

  static String row(String id) {
    return "[...document.querySelectorAll('tr[data-id]')].find(r => r.dataset.id === "
        + Chromium.quote(id)
        + ")";
  }

  static String cell(String id, String column) {
    return chromium.text(row(id) + ".querySelector('.c-" + column + "').innerText");
  }

  static void awaitState(String id, String state) {
    chromium.until(row(id) + "?.dataset.state === '" + state + "'");
  }

  static void menu(String id, String item) {
    chromium.js(row(id) + ".querySelector('.c-menu button').click()");
    chromium.clickButton("#menu", item);
    chromium.until("document.querySelector('dialog[open]')");
  }

  /** Opens the details of a server. */
  static void details(String id) {
    chromium.js(row(id) + ".click()");
    chromium.until("document.querySelector('.drawer[open] .results li')");
  }

  static void submit() {
    chromium.click("dialog[open]:not(.drawer) button[type=submit]");
  }

  static void confirm() {
    submit();
    closed();
  }

  /** No dialog is open, but for details. */
  static void closed() {
    chromium.until("!document.querySelector('dialog[open]:not(.drawer)')");
  }

  static void awaitToast(String text) {
    chromium.until(
        "document.getElementById('toasts').innerText.includes(" + Chromium.quote(text) + ")");
  }

  /** What changes something is written down from here on; the one with this number is held. */
  static void record(int hold) {
    chromium.js(RECORD, hold);
  }

  static List<String> calls() {
    return chromium.texts("calls");
  }

  /** What the API says. */
  JsonNode api(String path) throws IOException {
    URL url = URI.create("http://" + address + "/api/v1/" + path).toURL();
    try (InputStream in = url.openStream()) {
      return JSON.readTree(in);
    }
  }

  static Node node(LoadBalancer balancer, String id) {
    return balancer.nodes().stream()
        .filter(node -> node.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
