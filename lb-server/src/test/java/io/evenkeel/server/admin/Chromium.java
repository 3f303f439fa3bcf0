package io.evenkeel.server.admin;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.ScriptTimeoutException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * A real browser of its own for a test, Debian's Chromium without a screen. Waiting is done in the
 * page, frame by frame, until what is waited for holds.
 */
final class Chromium implements AutoCloseable {

  private static final Path BROWSER = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Duration PATIENCE = Duration.ofSeconds(Long.getLong("patience", 60));
  private static final JsonMapper JSON = new JsonMapper();
  private static final String NOWHERE = "about:blank";
  private static final String BEFORE_ALL = "Page.addScriptToEvaluateOnNewDocument";

  /** Resolves once the function's answer is true, or null, false and the like no more. */
  private static final String UNTIL =
      "const done = arguments[arguments.length - 1]; const holds = new Function(arguments[0]);"
          + "const look = () => { let it = null; try { it = holds(); } catch (error) { it = null; }"
          + " if (it) done(it); else setTimeout(look, 15); }; look();";

  private static final String AXE =
      "const done = arguments[arguments.length - 1];"
          + "const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];"
          + "axe.run(document, { resultTypes: ['violations'], runOnly: WCAG,"
          + " rules: { 'target-size': { enabled: true } } }).then("
          + " ({ violations }) => done(violations.flatMap(({ id, nodes }) =>"
          + "  nodes.map(n => id + ' at ' + n.target.join(' ') + ': ' + n.failureSummary))),"
          + " error => done('failed: ' + error));";

  /** Of a page before any script of its own runs. */
  private static final String WITNESS =
      "window.violations = [];"
          + "document.addEventListener('securitypolicyviolation',"
          + " e => violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));"
          + "addEventListener('unhandledrejection', e => violations.push('rejected: ' + e.reason));";

  private final Path profile;
  private final ChromeDriver driver;

  private Chromium(Path profile, ChromeDriver driver) {
    this.profile = profile;
    this.driver = driver;
  }

  /** The test is skipped where there is no Chromium. */
  static Chromium start() throws IOException {
    assumeTrue(
        Files.isExecutable(BROWSER) && Files.isExecutable(DRIVER),
        BROWSER + " or " + DRIVER + " is not there: apt-get install chromium chromium-driver");
    Path profile = Files.createTempDirectory("chromium");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(BROWSER.toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--window-size=1440,1000",
        "--user-data-dir=" + profile);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    // With the path set nothing looks for a driver, or downloads one.
    System.setProperty("webdriver.chrome.driver", DRIVER.toString());
    Chromium chromium = new Chromium(profile, new ChromeDriver(options));
    chromium.driver.manage().timeouts().scriptTimeout(PATIENCE);
    chromium.cdp(BEFORE_ALL, Map.of("source", WITNESS));
    chromium.size(1440, 1000);
    chromium.prefers("light");
    return chromium;
  }

  /** Opens a page anew, even if it is there. */
  void open(String url) {
    leave();
    driver.get(url);
  }

  /** The same, with this script running before all others. */
  void open(String url, String before) {
    Object id = cdp(BEFORE_ALL, Map.of("source", before)).get("identifier");
    open(url);
    cdp("Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier", id));
  }

  void leave() {
    if (!driver.getCurrentUrl().equals(NOWHERE)) {
      driver.get(NOWHERE);
    }
  }

  void reload() {
    driver.navigate().refresh();
  }

  /** A page as wide and high as this. */
  void size(int width, int height) {
    cdp(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  /** {@code dark} or {@code light}, as the system of the user has it. */
  void prefers(String scheme) {
    cdp(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  private Map<String, Object> cdp(String command, Map<String, Object> parameters) {
    return driver.executeCdpCommand(command, parameters);
  }

  /** Runs it in the page; null for nothing. */
  @Nullable Object js(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  /** Its answer as a text. */
  String text(String expression) {
    return String.valueOf(js("return " + expression));
  }

  /** Its answers, of an array; none for anything else. */
  List<String> texts(String expression) {
    return js("return " + expression) instanceof List<?> list
        ? list.stream().map(String::valueOf).toList()
        : List.of();
  }

  double number(String expression) {
    return ((Number) js("return " + expression)).doubleValue();
  }

  /**
   * Waits until an expression holds in the page.
   *
   * @param expression looked at again and again
   */
  void until(String expression) {
    try {
      driver.executeAsyncScript(UNTIL, "return " + expression);
    } catch (ScriptTimeoutException e) {
      throw new AssertionError(
          "not within " + PATIENCE + ": " + expression + "; the page says:\n" + bodyText(), e);
    }
  }

  String bodyText() {
    return text("document.body.innerText");
  }

  WebElement find(String css) {
    return driver.findElement(By.cssSelector(css));
  }

  /** As a user does, once it is there; fails where something covers it. */
  void click(String css) {
    until("document.querySelector(" + quote(css) + ")");
    find(css).click();
  }

  /** Clicks the button with this text in what the selector finds. */
  void clickButton(String css, String label) {
    String button =
        "[...document.querySelectorAll("
            + quote(css + " button")
            + ")].find(b => b.textContent.trim().startsWith("
            + quote(label)
            + "))";
    until(button);
    ((WebElement) js("return " + button)).click();
  }

  /** In the place of what the field has. */
  void fill(String css, String value) {
    WebElement field = find(css);
    field.clear();
    field.sendKeys(value);
  }

  /** Keys for whatever has the focus. */
  void press(CharSequence... keys) {
    new Actions(driver).sendKeys(keys).perform();
  }

  /** A key while Control is held. */
  void control(CharSequence key) {
    new Actions(driver).keyDown(Keys.CONTROL).sendKeys(key).keyUp(Keys.CONTROL).perform();
  }

  void tab() {
    press(Keys.TAB);
  }

  /**
   * What axe-core finds wrong with all that is shown now, in both themes, by the rules of WCAG 2.2,
   * levels A and AA, which are those of 2.1 and more: the theme, the rule, where, and what is the
   * matter. The theme is light afterwards.
   */
  List<String> inaccessible() throws IOException {
    if (!Boolean.TRUE.equals(js("return 'axe' in window"))) {
      try (InputStream in = Chromium.class.getResourceAsStream("/axe.min.js")) {
        js(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    List<String> found = new ArrayList<>();
    for (String theme : List.of("dark", "light")) {
      prefers(theme);
      until("matchMedia('(prefers-color-scheme: " + theme + ")').matches");
      until("document.getAnimations().length === 0"); // half of a colour is none
      if (!(driver.executeAsyncScript(AXE) instanceof List<?> list)) {
        throw new AssertionError("axe-core gave no answer");
      }
      list.forEach(one -> found.add(theme + ": " + one));
    }
    return found;
  }

  /**
   * What screen readers are told of an element: its role, or {@code ignored}; and, of what is read
   * out as it changes, how.
   */
  String spoken(String css) {
    Object root =
        ((Map<?, ?>) cdp("DOM.getDocument", Map.of("depth", 0)).get("root")).get("nodeId");
    Object node = cdp("DOM.querySelector", Map.of("nodeId", root, "selector", css)).get("nodeId");
    JsonNode told =
        JSON.valueToTree(
                cdp(
                    "Accessibility.getPartialAXTree",
                    Map.of("nodeId", node, "fetchRelatives", false)))
            .at("/nodes/0");
    if (told.path("ignored").asBoolean()) {
      return "ignored";
    }
    String live = "";
    for (JsonNode property : told.path("properties")) {
      if (property.path("name").asText().equals("live")) {
        live = " " + property.at("/value/value").asText();
      }
    }
    return told.at("/role/value").asText() + live;
  }

  /** What the browser has had to say since it was last asked: warnings and worse. */
  List<String> complaints() {
    List<String> found = new ArrayList<>();
    driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .forEach(entry -> found.add(entry.getLevel() + " " + entry.getMessage()));
    return found;
  }

  /** Where the Content-Security-Policy stopped something, in the page that is open. */
  List<String> violations() {
    return texts("window.violations");
  }

  /** Whom pages have asked for something, {@code host:port}, since it was last asked. */
  Set<String> hosts() throws IOException {
    Set<String> hosts = new TreeSet<>();
    for (var entry : driver.manage().logs().get(LogType.PERFORMANCE).getAll()) {
      JsonNode message = JSON.readTree(entry.getMessage()).path("message");
      if (message.path("method").asText().equals("Network.requestWillBeSent")) {
        URI uri = URI.create(message.at("/params/request/url").asText());
        // Not what the browser's own pages are made of.
        if (!"chrome".equals(uri.getScheme()) && uri.getHost() != null) {
          hosts.add(uri.getAuthority());
        }
      }
    }
    return hosts;
  }

  /** The whole page, as far down as it goes. */
  void screenshot(Path file) throws IOException {
    Map<String, Object> clip =
        Map.of(
            "x", 0,
            "y", 0,
            "width", number("innerWidth"),
            "height", number("document.documentElement.scrollHeight"),
            "scale", 1);
    Object data =
        cdp(
                "Page.captureScreenshot",
                Map.of("format", "png", "captureBeyondViewport", true, "clip", clip))
            .get("data");
    Files.write(file, Base64.getDecoder().decode(String.valueOf(data)));
  }

  static String quote(String text) {
    return JSON.getNodeFactory().textNode(text).toString();
  }

  @Override
  public void close() throws IOException {
    driver.quit();
    try (Stream<Path> files = Files.walk(profile)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (UncheckedIOException | IOException e) {
      // Its helpers may still be writing when it has ended; the rest is the temporary directory's.
    }
  }
}
