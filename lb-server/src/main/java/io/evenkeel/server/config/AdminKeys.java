package io.evenkeel.server.config;

import io.evenkeel.core.HostPort;
import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import io.evenkeel.server.config.Shape.Fields;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the admin section may say. No message and nothing written has a secret in it, nor what
 * stands under {@code token_file} and {@code token_env}: it may be one that is in the wrong place.
 */
final class AdminKeys {

  /** In place of a secret, where a configuration is written: the one in force stays. */
  static final String UNCHANGED = "(unchanged)";

  private static final HostPort DEFAULT_ADDRESS = new HostPort("127.0.0.1", 9901);
  private static final int LONGEST = 512;
  private static final String SECRET = "[!-~]{16," + LONGEST + "}";
  private static final String SECRET_EXPECTED =
      "16 to " + LONGEST + " visible ASCII characters, no space";

  private static final Key<Token, Role> ROLE =
      Key.of(
          "role",
          Types.oneOf(Role.class),
          Token::role,
          Role.READ,
          "What it allows: read: to look; write: to look and to change.");

  private static final Key<Token, Optional<String>> TEXT =
      Key.optional(
          "token",
          Types.secret("\\(unchanged\\)|" + SECRET, SECRET_EXPECTED),
          token -> Optional.of(UNCHANGED),
          "token_file or token_env",
          "The token itself, 16 characters at least.");

  private static final Key<Token, Optional<Path>> FILE =
      Key.optional(
          "token_file",
          Types.mapped(Types.secret("[\\s\\S]+", "a file's path"), AdminKeys::path, Path::toString),
          token -> Optional.empty(),
          "no",
          "The file that it stands in; relative to this one's folder.");

  private static final Key<Token, Optional<String>> VARIABLE =
      Key.optional(
          "token_env",
          Types.secret("[A-Za-z_][A-Za-z0-9_]{0,200}", "an environment variable's name"),
          token -> Optional.empty(),
          "no",
          "The environment variable that it stands in.");

  private static final Shape<Token> TOKEN =
      new Shape<>(
          "a role and a token, token_file or token_env",
          List.of(ROLE, TEXT, FILE, VARIABLE),
          AdminKeys::token);

  private static final Key<AdminConfig, HostPort> ADDRESS =
      Key.of(
          "address",
          Types.address(0, "0.0.0.0"),
          AdminConfig::address,
          DEFAULT_ADDRESS,
          "Where it listens; beyond loopback it demands a token.");

  private static final Key<AdminConfig, Map<String, Token>> TOKENS =
      Key.of(
          "tokens",
          Types.map(RootKeys.NAME, RootKeys.NAME_EXPECTED, 0, TOKEN),
          AdminKeys::byName,
          Map.of(),
          "Who may do what, by names for the log.");

  private static final Key<AdminConfig, Boolean> WRITE_BACK =
      Key.of(
          "write_back",
          Types.bool(),
          AdminConfig::writeBack,
          false,
          "Whether changes by the API are written to this file.");

  private static final Shape<AdminConfig> SHAPE =
      new Shape<>(
          "the admin API and dashboard", List.of(ADDRESS, TOKENS, WRITE_BACK), AdminKeys::admin);

  static final Type<Optional<AdminConfig>> TYPE =
      Types.wordOr(
          "off",
          Types.shorthand(Types.on(new AdminConfig(DEFAULT_ADDRESS, List.of(), false)), SHAPE));

  private AdminKeys() {}

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) { // whose message has the text in it
      throw new IllegalArgumentException("no path (expected: a file's path)", e);
    }
  }

  private static Map<String, Token> byName(AdminConfig admin) {
    Map<String, Token> tokens = new LinkedHashMap<>();
    admin.tokens().forEach(token -> tokens.put(token.name(), token));
    return tokens;
  }

  private static AdminConfig admin(Fields fields) {
    AdminConfig admin =
        new AdminConfig(
            fields.get(ADDRESS), List.copyOf(fields.get(TOKENS).values()), fields.get(WRITE_BACK));
    fields.reading().listens(admin.address(), fields, "admin");
    if (admin.tokens().isEmpty() && !isLoopback(admin.address().host())) {
      fields.problem(
          fields.has(TOKENS) ? "tokens" : "address",
          "beyond loopback without a token (expected: tokens, or an address such as"
              + " 127.0.0.1:9901)");
    }
    return admin;
  }

  /** By its text, for nothing is looked up here. */
  static boolean isLoopback(String host) {
    return host.equalsIgnoreCase("localhost")
        || host.matches("127(\\.[0-9]{1,3}){3}")
        || host.matches("[0:]*:[0:]*0*1")
        || host.matches("(?i)::ffff:127(\\.[0-9]{1,3}){3}");
  }

  private static @Nullable Token token(Fields fields) {
    if (!fields.hasOneOf(TEXT, FILE, VARIABLE)) {
      return null;
    }
    String secret;
    if (fields.get(TEXT).isPresent()) {
      secret = fields.get(TEXT).get();
      if (secret.equals(UNCHANGED)) {
        secret = inForce(fields);
      }
    } else if (fields.get(FILE).isPresent()) {
      secret = content(fields, fields.reading().resolve(fields.get(FILE).get()));
    } else {
      secret = variable(fields, fields.get(VARIABLE).orElse(""));
    }
    return secret == null ? null : new Token(fields.name(), secret, fields.get(ROLE));
  }

  private static @Nullable String inForce(Fields fields) {
    Config config = fields.reading().inForce;
    AdminConfig admin = config == null ? null : config.admin();
    if (admin != null) {
      for (Token token : admin.tokens()) {
        if (token.name().equals(fields.name())) {
          return token.secret();
        }
      }
    }
    fields.problem(
        "token",
        "'" + UNCHANGED + "', and there is none of that name in force (expected: the token)");
    return null;
  }

  private static @Nullable String content(Fields fields, Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(4 * LONGEST), StandardCharsets.UTF_8).strip();
      if (text.matches(SECRET)) {
        return text;
      }
      fields.problem("token_file", "no token in it (expected: " + SECRET_EXPECTED + ")");
    } catch (NoSuchFileException e) {
      fields.problem("token_file", "no such file (expected: a file with the token)");
    } catch (IOException e) { // whose message may have the path in it
      fields.problem("token_file", "cannot be read: " + e.getClass().getSimpleName());
    }
    return null;
  }

  private static @Nullable String variable(Fields fields, String name) {
    String text = fields.reading().environment.apply(name);
    if (text != null && text.matches(SECRET)) {
      return text;
    }
    fields.problem(
        "token_env",
        (text == null ? "no such variable is set" : "no token in it")
            + " (expected: "
            + SECRET_EXPECTED
            + ")");
    return null;
  }
}
