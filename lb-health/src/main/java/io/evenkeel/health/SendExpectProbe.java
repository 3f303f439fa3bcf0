package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Sends a text, and looks for another in what comes back. */
final class SendExpectProbe implements Probe {

  private static final int MAX_BYTES = 64 * 1024;

  private final byte[] send;
  private final String expect;
  private final TextSearch.Pattern pattern;

  SendExpectProbe(String send, String expect) {
    if (expect.isEmpty()) {
      throw new IllegalArgumentException("expect: '' (expected: not empty)");
    }
    this.send = send.getBytes(StandardCharsets.UTF_8);
    this.expect = expect;
    this.pattern = new TextSearch.Pattern(expect);
  }

  @Override
  public CompletionStage<ProbeResult> check(Server server, ProbeContext context) {
    return context.loop().ask(server.host(), server.port(), new Exchange(), context);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SendExpectProbe that
        && Arrays.equals(send, that.send)
        && expect.equals(that.expect);
  }

  @Override
  public int hashCode() {
    return expect.hashCode();
  }

  @Override
  public String toString() {
    return "send/expect '" + expect + "'";
  }

  /** One dialogue. */
  private final class Exchange implements Dialogue {

    private final TextSearch search = new TextSearch(pattern);
    private final Excerpt excerpt = new Excerpt();
    private int bytesSeen;

    @Override
    public @Nullable ProbeResult connected(Wire wire) throws IOException {
      wire.send(ByteBuffer.wrap(send));
      return null;
    }

    @Override
    public @Nullable ProbeResult received(ByteBuffer bytes, Wire wire) {
      int count = Math.min(bytes.remaining(), MAX_BYTES - bytesSeen);
      bytes.limit(bytes.position() + count);
      bytesSeen += count;
      excerpt.add(bytes);
      if (search.found(bytes)) {
        return ProbeResult.success();
      }
      return bytesSeen < MAX_BYTES
          ? null
          : ProbeResult.failure(
              "'" + expect + "' not in the first " + MAX_BYTES + " bytes, which begin " + excerpt);
    }

    @Override
    public ProbeResult ended() {
      return ProbeResult.failure(
          bytesSeen == 0
              ? "closed without an answer"
              : "'" + expect + "' not in the answer: " + excerpt);
    }
  }
}
