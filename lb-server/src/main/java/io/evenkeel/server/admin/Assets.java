package io.evenkeel.server.admin;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * The page and what it loads, out of the class path. A name is one of plain segments: none begins
 * with a dot, so that nothing beside that folder can be named. Read once, kept in memory; browsers
 * ask anew each time and are told that nothing changed.
 */
final class Assets {

  private static final String FOLDER = "dashboard/";
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*)*");

  /** The pattern goes as deep as a name has segments. */
  private static final int LONGEST_NAME = 255;

  /** By the end of the name; nothing else is served. */
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "svg", "image/svg+xml",
          "png", "image/png",
          "json", "application/json",
          "txt", "text/plain; charset=utf-8",
          "woff2", "font/woff2");

  private record Asset(String type, ByteBuffer bytes, String tag) {}

  /** By name: as many as there are files, since no other name is kept. */
  private final Map<String, Asset> assets = new ConcurrentHashMap<>();

  Answer page(Exchange exchange) throws HttpProblem {
    return answer(exchange, "index.html");
  }

  Answer asset(Exchange exchange) throws HttpProblem {
    return answer(exchange, "assets/" + exchange.variable("name"));
  }

  private Answer answer(Exchange exchange, String name) throws HttpProblem {
    Asset asset = find(name);
    if (asset == null) {
      throw HttpProblem.of(404, "no such file");
    }
    Optional<String> known = exchange.header(HttpHeader.IF_NONE_MATCH);
    Answer answer =
        known.isPresent() && known.get().equals(asset.tag)
            ? Answer.empty(304)
            : new Answer(200, asset.type, asset.bytes, Map.of());
    return answer.with("ETag", asset.tag).with("Cache-Control", "no-cache");
  }

  private @Nullable Asset find(String name) {
    Asset known = assets.get(name);
    if (known != null || name.length() > LONGEST_NAME || !NAME.matcher(name).matches()) {
      return known;
    }
    String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    if (type == null) {
      return null;
    }
    try (InputStream in = Assets.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        return null;
      }
      byte[] bytes = in.readAllBytes();
      String digest = HexFormat.of().formatHex(Tokens.digest(bytes), 0, 16);
      Asset asset = new Asset(type, ByteBuffer.wrap(bytes), '"' + digest + '"');
      assets.put(name, asset);
      return asset;
    } catch (IOException e) {
      return null; // as if it were not there: a broken jar is found out by its users
    }
  }
}
