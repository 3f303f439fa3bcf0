package io.evenkeel.server.admin;

import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask for what. Three doors, in this order:
 *
 * <ul>
 *   <li>The name in {@code Host}. Without tokens only names of this machine's loopback pass, since
 *       otherwise a page of elsewhere could have its own name resolved to 127.0.0.1 and would then
 *       be of the same origin as we are. With tokens any name passes: that page would have none.
 *   <li>A bearer token, or the cookie of a session.
 *   <li>That no page of another origin sent it: browsers say so. A link to here is no such thing.
 * </ul>
 */
final class Access {

  /** As RFC 6750 has it, but with any character that can be seen in the token. */
  private static final Pattern BEARER =
      Pattern.compile("bearer +([!-~]+)", Pattern.CASE_INSENSITIVE);

  private static final String NEEDED = "a token is needed";

  /** Who may ask changes while requests come; each goes by what it finds. */
  private volatile Tokens tokens;

  private final Sessions sessions;
  private final WrongTokens wrongTokens;

  /** Those that may stand in {@code Host} where there are no tokens. */
  private final Set<String> hosts = new LinkedHashSet<>(List.of("localhost", "127.0.0.1", "[::1]"));

  /**
   * To a server.
   *
   * @param bound where it listens
   */
  Access(Tokens tokens, Sessions sessions, WrongTokens wrongTokens, InetAddress bound) {
    this.tokens = tokens;
    this.sessions = sessions;
    this.wrongTokens = wrongTokens;
    // Another one of loopback, as 127.0.0.2: nobody can have his own name resolved to be that text.
    if (bound instanceof Inet4Address) {
      hosts.add(bound.getHostAddress());
    }
  }

  void checkHost(Exchange exchange) throws HttpProblem {
    if (!tokens.isEmpty()) {
      return;
    }
    String host = exchange.header(HttpHeader.HOST).orElse("").toLowerCase(Locale.ROOT);
    String name = host.replaceFirst(":[0-9]*$", "");
    if (!hosts.contains(name)) {
      throw HttpProblem.of(
          403, "Host: not this machine's loopback (expected: " + String.join(", ", hosts) + ")");
    }
  }

  /** No cross-site request, nor one of another port's page on this host. */
  void checkOrigin(Exchange exchange) throws HttpProblem {
    String site = exchange.header("Sec-Fetch-Site").orElse("same-origin");
    if (!exchange.changes()) {
      // It could not read the answer, but without tokens it could keep us busy. A link may be used.
      boolean isLink = exchange.header("Sec-Fetch-Dest").orElse("").equals("document");
      if ((site.equals("cross-site") || site.equals("same-site")) && !isLink) {
        throw HttpProblem.of(403, "a page of another origin asks");
      }
      return;
    }
    Optional<String> origin = exchange.header(HttpHeader.ORIGIN);
    if (!(site.equals("same-origin") || site.equals("none"))
        || (origin.isPresent()
            && !isOwn(origin.get(), exchange.header(HttpHeader.HOST).orElse("")))) {
      throw HttpProblem.of(403, "a page of another origin asks for a change");
    }
  }

  /** Whatever the scheme: something in front of us may speak TLS. */
  private static boolean isOwn(String origin, String host) {
    try {
      URI uri = new URI(origin);
      String scheme = uri.getScheme();
      return ("http".equals(scheme) || "https".equals(scheme))
          && !host.isEmpty()
          && host.equalsIgnoreCase(uri.getRawAuthority());
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /**
   * Whose request it is.
   *
   * @param role that it takes
   * @throws HttpProblem if that is nobody's, or not somebody's with that role
   */
  Who identify(Exchange exchange, Role role) throws HttpProblem {
    String address = Request.getRemoteAddr(exchange.request);
    if (tokens.isEmpty()) {
      return Who.anonymous(address);
    }
    Who who = byToken(exchange, address);
    if (who == null) {
      who = bySession(exchange, address);
    }
    if (who == null) {
      throw unauthorised(NEEDED);
    }
    if (role == Role.WRITE && who.role() != Role.WRITE) {
      throw HttpProblem.of(403, "the token '" + who.name() + "' is one to look, not to change");
    }
    return who;
  }

  private @Nullable Who byToken(Exchange exchange, String address) throws HttpProblem {
    Token token = token(exchange);
    return token == null ? null : new Who(token, address, "");
  }

  /**
   * The token that a request shows; null if it shows none.
   *
   * @throws HttpProblem if it is a wrong one
   */
  @Nullable Token token(Exchange exchange) throws HttpProblem {
    Optional<String> header = exchange.header(HttpHeader.AUTHORIZATION);
    if (header.isEmpty()) {
      return null;
    }
    var bearer = BEARER.matcher(header.get());
    Token token = bearer.matches() ? tokens.find(bearer.group(1)) : null;
    if (token == null) {
      wrongTokens.shown(
          Request.getRemoteAddr(exchange.request),
          exchange.method() + " " + exchange.route().pattern());
      throw unauthorised("the token is not known").slow();
    }
    return token;
  }

  /**
   * The same.
   *
   * @throws HttpProblem also if it shows none
   */
  Token requireToken(Exchange exchange) throws HttpProblem {
    Token token = token(exchange);
    if (token == null) {
      throw unauthorised(NEEDED);
    }
    return token;
  }

  private @Nullable Who bySession(Exchange exchange, String address) throws HttpProblem {
    String key = sessionKey(exchange);
    Token token = key == null ? null : sessions.find(key);
    return token == null || key == null || !tokens.has(token) ? null : new Who(token, address, key);
  }

  /** Whether a stream of events that was begun may go on. */
  boolean holds(Who who) {
    Token token = who.token();
    return (token == null ? tokens.isEmpty() : tokens.has(token))
        && (who.session().isEmpty() || sessions.find(who.session()) != null);
  }

  /**
   * Who was let in may have signed out since, or hold no token any more.
   *
   * @throws HttpProblem if so
   */
  void requireStill(Who who) throws HttpProblem {
    if (!holds(who)) {
      throw unauthorised(NEEDED);
    }
  }

  /** From now on these; sessions and streams by others are over, also if those come back. */
  void use(Tokens next) {
    tokens = next;
    sessions.keep(next::has);
  }

  boolean needsTokens() {
    return !tokens.isEmpty();
  }

  /** Under what the session of a request's cookie would be kept; null if there is no cookie. */
  @Nullable String sessionKey(Exchange exchange) throws HttpProblem {
    String name = cookieName(exchange) + "=";
    for (String header : exchange.request.getHeaders().getValuesList(HttpHeader.COOKIE)) {
      for (String cookie : header.split(";", -1)) {
        if (cookie.strip().startsWith(name)) {
          return Sessions.key(cookie.strip().substring(name.length()));
        }
      }
    }
    return null;
  }

  /** Cookies know no ports: with ours in the name, two balancers on one host get along. */
  static String cookieName(Exchange exchange) {
    return "evenkeel_" + Request.getLocalPort(exchange.request);
  }

  private static HttpProblem unauthorised(String detail) {
    return HttpProblem.with(401, detail, "WWW-Authenticate", "Bearer realm=\"evenkeel\"");
  }
}
