package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Lets the server say itself how it is, in one line on a port of its own. */
final class AgentProbe implements Probe {

  private static final int MAX_LINE_BYTES = 256;

  /** A word, a share, or both in any order. */
  private static final Pattern LINE =
      Pattern.compile("(?:(up|down|drain|maint)(?:[ ,]+(\\d{1,3})%)?|(\\d{1,3})%(?:[ ,]+(up))?)");

  private final int port;

  AgentProbe(int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
    }
    this.port = port;
  }

  @Override
  public CompletionStage<ProbeResult> check(Server server, ProbeContext context) {
    return context.loop().ask(server.host(), port, new Listening(), context);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AgentProbe that && port == that.port;
  }

  @Override
  public int hashCode() {
    return port;
  }

  @Override
  public String toString() {
    return "agent on port " + port;
  }

  /** What a line means. */
  static ProbeResult resultOf(String line) {
    Matcher matcher = LINE.matcher(line.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      return ProbeResult.failure(
          "agent says '" + line.strip() + "' (expected: up, down, drain, maint or 0% to 100%)");
    }
    String word = matcher.group(1);
    String share = matcher.group(2) == null ? matcher.group(3) : matcher.group(2);
    int percent = share == null ? 100 : Integer.parseInt(share);
    if (percent > 100) {
      return ProbeResult.failure("agent says " + percent + "% (expected: 0% to 100%)");
    }
    if (word != null && !word.equals("up")) {
      return ProbeResult.failure("agent says " + word).decisive();
    }
    return percent == 0
        ? ProbeResult.failure("agent says 0%").decisive()
        : ProbeResult.success().withWeight(percent).decisive();
  }

  /** One dialogue: the server speaks. */
  private static final class Listening implements Dialogue {

    private final byte[] line = new byte[MAX_LINE_BYTES];
    private int length;

    @Override
    public @Nullable ProbeResult connected(Wire wire) {
      return null;
    }

    @Override
    public @Nullable ProbeResult received(ByteBuffer bytes, Wire wire) {
      while (bytes.hasRemaining()) {
        byte next = bytes.get();
        if (next == '\n') {
          return resultOf(text());
        }
        if (length == MAX_LINE_BYTES) {
          return ProbeResult.failure("agent's line is longer than " + MAX_LINE_BYTES + " bytes");
        }
        line[length++] = next;
      }
      return null;
    }

    @Override
    public ProbeResult ended() {
      return length == 0 ? ProbeResult.failure("agent closed without a line") : resultOf(text());
    }

    private String text() {
      return new String(line, 0, length, StandardCharsets.ISO_8859_1);
    }

    @Override
    public String waitsFor() {
      return "waiting for the agent's line";
    }
  }
}
