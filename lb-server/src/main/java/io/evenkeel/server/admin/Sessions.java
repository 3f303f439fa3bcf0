package io.evenkeel.server.admin;

import io.evenkeel.core.NanoClock;
import io.evenkeel.server.config.AdminConfig.Token;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Those who have signed in with a token at the page, which cannot send one with its stream of
 * events: a random text of 256 bits in a cookie stands for it. Bounded: one too many ends the
 * oldest of its token, and only who holds a token can begin one. Kept, and looked up, under
 * digests, so that neither time nor a dump of memory gives a live one away. Safe for use by any
 * thread.
 */
final class Sessions {

  private record Session(Token token, long endNanos) {}

  private final NanoClock clock;
  private final int most;
  private final Duration life;
  private final SecureRandom random = new SecureRandom();

  /** The oldest first; guarded by this. */
  private final Map<String, Session> sessions = new LinkedHashMap<>();

  Sessions(NanoClock clock, int most, Duration life) {
    this.clock = clock;
    this.most = most;
    this.life = life;
  }

  Duration life() {
    return life;
  }

  /** Begins one; returns the text of its cookie, which is kept nowhere. */
  synchronized String begin(Token token) {
    byte[] bits = new byte[32];
    random.nextBytes(bits);
    String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    if (sessions.size() >= most) {
      sessions.remove(oldest(token));
    }
    sessions.put(key(secret), new Session(token, clock.nanoTime() + life.toNanos()));
    return secret;
  }

  /** Of the same token, if it has any: nobody signs others out by signing in again and again. */
  private String oldest(Token token) {
    return sessions.entrySet().stream()
        .filter(entry -> entry.getValue().token.equals(token))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(() -> sessions.keySet().iterator().next());
  }

  /** Under what a session is kept. */
  static String key(String secret) {
    return Base64.getEncoder().encodeToString(Tokens.digest(secret));
  }

  /** Whose it is; null if there is none, or not any more. */
  synchronized @Nullable Token find(String key) {
    Session session = sessions.get(key);
    if (session == null) {
      return null;
    }
    if (clock.nanoTime() - session.endNanos > 0) {
      sessions.remove(key);
      return null;
    }
    return session.token;
  }

  /** Ends those of other tokens. */
  synchronized void keep(Predicate<Token> tokens) {
    sessions.values().removeIf(session -> !tokens.test(session.token));
  }

  /** No effect if there is none. */
  synchronized void end(String key) {
    sessions.remove(key);
  }
}
