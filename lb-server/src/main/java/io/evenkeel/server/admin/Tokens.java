package io.evenkeel.server.admin;

import io.evenkeel.server.config.AdminConfig.Token;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who holds which token. What a caller presents is compared as a digest, and with every token, so
 * that the time taken says nothing of what is right in it. Immutable.
 */
final class Tokens {

  private final List<Token> tokens;

  /** In the same order. */
  private final List<byte[]> digests = new ArrayList<>();

  Tokens(List<Token> tokens) {
    this.tokens = List.copyOf(tokens);
    this.tokens.forEach(token -> digests.add(digest(token.secret())));
  }

  boolean isEmpty() {
    return tokens.isEmpty();
  }

  /** With the same name, secret and role. */
  boolean has(Token token) {
    return tokens.contains(token);
  }

  /** Null if it is nobody's. */
  @Nullable Token find(String secret) {
    byte[] digest = digest(secret);
    Token found = null;
    for (int i = 0; i < digests.size(); i++) {
      if (MessageDigest.isEqual(digests.get(i), digest)) {
        found = tokens.get(i);
      }
    }
    return found;
  }

  static byte[] digest(String text) {
    return digest(text.getBytes(StandardCharsets.UTF_8));
  }

  /** SHA-256. */
  static byte[] digest(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
