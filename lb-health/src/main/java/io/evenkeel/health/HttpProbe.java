package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Asks by HTTP/1.1 and looks at the status, and at the body where a text is expected in it: see
 * {@link Probes#http}. An immutable value; each {@code with} method returns another one. Safe for
 * use by any thread.
 *
 * <pre>{@code
 * Probe probe = Probes.http("/health").withStatus(200, 200).withBody("\"status\":\"UP\"").withTls();
 * }</pre>
 *
 * <p>Each check has a connection of its own, asks for it to be closed, and resets it as soon as it
 * knows what it wanted to know: without an expected text after the head of the answer. Redirects
 * are not followed: a 302 is an answer like another. An answer is read up to 16 KiB of head and
 * {@link #withMaxBodyBytes} of body, whatever the server sends.
 */
public final class HttpProbe implements Probe {

  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
  private static final Pattern VISIBLE = Pattern.compile("[\\x21-\\x7e]+");

  /** Nothing that could end a header or begin another. */
  private static final Pattern HEADER_VALUE = Pattern.compile("[\\x20-\\x7e\\x80-\\xff\t]*");

  /** Those that are the probe's own. */
  private static final List<String> OWN_HEADERS =
      List.of("host", "connection", "content-length", "transfer-encoding");

  private static final Pattern WITH_PORT = Pattern.compile("(.+):\\d{1,5}");

  private record Header(String name, String value) {}

  /** Changed by {@link #with} alone, before anyone else sees it. */
  private static final class Settings {

    private final String path;
    private String method = "GET";
    private int leastStatus = 200;
    private int mostStatus = 399;
    private @Nullable String bodyText;
    private int maxBodyBytes = 64 * 1024;
    private List<Header> headers = List.of();
    private @Nullable String host;
    private @Nullable Tls tls;

    Settings(String path) {
      this.path = path;
    }

    Settings(Settings other) {
      this.path = other.path;
      this.method = other.method;
      this.leastStatus = other.leastStatus;
      this.mostStatus = other.mostStatus;
      this.bodyText = other.bodyText;
      this.maxBodyBytes = other.maxBodyBytes;
      this.headers = other.headers;
      this.host = other.host;
      this.tls = other.tls;
    }

    List<@Nullable Object> values() {
      return Arrays.asList(
          path, method, leastStatus, mostStatus, bodyText, maxBodyBytes, headers, host, tls);
    }
  }

  private final Settings settings;
  private final HttpAnswer.Expected expected;

  private HttpProbe(Settings settings) {
    this.settings = settings;
    String text = settings.bodyText;
    this.expected =
        new HttpAnswer.Expected(
            settings.leastStatus,
            settings.mostStatus,
            text,
            text == null ? null : new TextSearch.Pattern(text),
            settings.maxBodyBytes,
            !settings.method.equals("HEAD"));
  }

  HttpProbe(String path) {
    this(new Settings(requirePath(path)));
  }

  private HttpProbe with(Consumer<Settings> change) {
    Settings changed = new Settings(settings);
    change.accept(changed);
    return new HttpProbe(changed);
  }

  private static String requirePath(String path) {
    Objects.requireNonNull(path, "path");
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException("path: '" + path + "' (expected: a slash first)");
    }
    return require("path", path, VISIBLE, "visible ASCII characters, no space");
  }

  private static String require(String name, String value, Pattern pattern, String expected) {
    if (!pattern.matcher(value).matches()) {
      String shown = value.replaceAll("\\p{Cntrl}", "?");
      throw new IllegalArgumentException(name + ": '" + shown + "' (expected: " + expected + ")");
    }
    return value;
  }

  /**
   * This probe with another method.
   *
   * @param method as {@code HEAD} or {@code OPTIONS}; {@code GET} by default
   * @throws IllegalArgumentException if it is no HTTP token
   */
  public HttpProbe withMethod(String method) {
    require("method", method, TOKEN, "an HTTP token, as GET");
    return with(settings -> settings.method = method);
  }

  /**
   * This probe with another range of statuses that are a success.
   *
   * @param least the lowest, 200 to 599; 200 by default
   * @param most the highest, from the lowest to 599; 399 by default
   * @throws IllegalArgumentException if they are out of range
   */
  public HttpProbe withStatus(int least, int most) {
    if (least < 200 || most > 599 || least > most) {
      throw new IllegalArgumentException(
          "status: " + least + " to " + most + " (expected: a range within 200 to 599)");
    }
    return with(
        settings -> {
          settings.leastStatus = least;
          settings.mostStatus = most;
        });
  }

  /**
   * This probe, which wants a text somewhere in the body, too.
   *
   * @param text not empty; compared as UTF-8, byte by byte
   * @throws IllegalArgumentException if it is empty
   */
  public HttpProbe withBody(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("body: '' (expected: not empty)");
    }
    return with(settings -> settings.bodyText = text);
  }

  /**
   * This probe with another limit of how much of a body is looked at. A text that is not in there
   * is a failure.
   *
   * @param bytes 1 to 16,777,216; 65,536 by default
   * @throws IllegalArgumentException if it is out of range
   */
  public HttpProbe withMaxBodyBytes(int bytes) {
    if (bytes < 1 || bytes > 1 << 24) {
      throw new IllegalArgumentException(
          "maxBodyBytes: " + bytes + " (expected: 1 to " + (1 << 24) + ")");
    }
    return with(settings -> settings.maxBodyBytes = bytes);
  }

  /**
   * This probe with one more header of the request. {@code User-Agent} and {@code Accept} take the
   * place of the probe's own.
   *
   * @param name an HTTP token; not {@code Host} (see {@link #withHost}), nor what is the probe's to
   *     say: {@code Connection}, {@code Content-Length}, {@code Transfer-Encoding}
   * @param value without line ends or other control characters
   * @throws IllegalArgumentException if one of them is not so
   */
  public HttpProbe withHeader(String name, String value) {
    require("header", name, TOKEN, "an HTTP token, as X-Check");
    require("header " + name, value, HEADER_VALUE, "no control characters");
    if (OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
      throw new IllegalArgumentException(
          "header: '" + name + "' (expected: none of " + OWN_HEADERS + ")");
    }
    List<Header> headers = new ArrayList<>(settings.headers);
    headers.add(new Header(name, value));
    return with(settings -> settings.headers = List.copyOf(headers));
  }

  /**
   * This probe with another {@code Host} than each server's own; by TLS, also the name that is
   * asked for and that the certificate must be for.
   *
   * @param host a name, or a name and a port, as {@code example.com:8443}
   * @throws IllegalArgumentException if it is empty or has spaces or control characters
   */
  public HttpProbe withHost(String host) {
    require("host", host, VISIBLE, "a name, or name:port");
    if (host.indexOf(':') != host.lastIndexOf(':') && !host.startsWith("[")) {
      throw new IllegalArgumentException(
          "host: '" + host + "' (expected: an IPv6 address in brackets, as [2001:db8::1])");
    }
    return with(settings -> settings.host = host);
  }

  /**
   * This probe by TLS (HTTPS). The server's certificate must be valid, come from an authority that
   * the JVM trusts, and be for the host: the server's own, or that of {@link #withHost}. Each check
   * is a handshake of its own, so that a certificate that has expired is found out.
   */
  public HttpProbe withTls() {
    return withTls(Tls.verifying());
  }

  /**
   * As {@link #withTls()}, by a context of the user's: for authorities of one's own, or a client
   * certificate. The name is checked as there. Sessions are kept as the context is set up.
   */
  public HttpProbe withTls(SSLContext context) {
    return withTls(Tls.verifying(Objects.requireNonNull(context, "context")));
  }

  /**
   * This probe by TLS, with <em>any</em> certificate: expired, self-signed, or somebody else's. A
   * check then tells that something speaks TLS and HTTP there, not that it is the right server.
   */
  public HttpProbe withTlsTrustingAnyone() {
    return withTls(Tls.trustingAnyone());
  }

  private HttpProbe withTls(Tls tls) {
    return with(settings -> settings.tls = tls);
  }

  @Override
  public CompletionStage<ProbeResult> check(Server server, ProbeContext context) {
    Dialogue exchange = new Exchange(request(server));
    Tls tls = settings.tls;
    if (tls != null) {
      exchange = new TlsDialogue(tls.engine(tlsName(server), server.port()), exchange);
    }
    return context.loop().ask(server.host(), server.port(), exchange, context);
  }

  private String tlsName(Server server) {
    String host = settings.host;
    if (host == null) {
      return server.host();
    }
    Matcher matcher = WITH_PORT.matcher(host);
    return matcher.matches() ? matcher.group(1) : host;
  }

  private byte[] request(Server server) {
    StringBuilder text = new StringBuilder(200);
    text.append(settings.method).append(' ').append(settings.path).append(" HTTP/1.1\r\nHost: ");
    appendHost(text, server);
    text.append("\r\nConnection: close\r\n");
    boolean hasAgent = false;
    boolean hasAccept = false;
    for (Header header : settings.headers) {
      hasAgent |= header.name.equalsIgnoreCase("user-agent");
      hasAccept |= header.name.equalsIgnoreCase("accept");
      text.append(header.name).append(": ").append(header.value).append("\r\n");
    }
    if (!hasAgent) {
      text.append("User-Agent: evenkeel-health\r\n");
    }
    if (!hasAccept) {
      text.append("Accept: */*\r\n");
    }
    return text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private void appendHost(StringBuilder text, Server server) {
    if (settings.host != null) {
      text.append(settings.host);
      return;
    }
    String host = server.host();
    boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
    text.append(bare ? "[" + host + "]" : host);
    if (server.port() != (settings.tls == null ? 80 : 443)) {
      text.append(':').append(server.port());
    }
  }

  /** Compares all that was asked for; a context for TLS that was handed over by identity. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof HttpProbe that && settings.values().equals(that.settings.values());
  }

  @Override
  public int hashCode() {
    return settings.values().hashCode();
  }

  @Override
  public String toString() {
    return (settings.tls == null ? "http " : "https ") + settings.method + " " + settings.path;
  }

  /** One dialogue. */
  private final class Exchange implements Dialogue {

    private final byte[] request;
    private final HttpAnswer answer = new HttpAnswer(expected);

    Exchange(byte[] request) {
      this.request = request;
    }

    @Override
    public @Nullable ProbeResult connected(Wire wire) throws IOException {
      wire.send(ByteBuffer.wrap(request));
      return null;
    }

    @Override
    public @Nullable ProbeResult received(ByteBuffer bytes, Wire wire) {
      return answer.read(bytes);
    }

    @Override
    public ProbeResult ended() {
      return answer.end();
    }
  }
}
