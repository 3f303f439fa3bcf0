package io.evenkeel.server.admin;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Content;

/** Reads a body as it comes, up to a limit; no thread waits for it. */
final class BodyReader implements Runnable {

  private final Content.Source source;
  private final int limit;
  private final Consumer<byte[]> whole;
  private final Consumer<HttpProblem> refused;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();

  private BodyReader(
      Content.Source source, int limit, Consumer<byte[]> whole, Consumer<HttpProblem> refused) {
    this.source = source;
    this.limit = limit;
    this.whole = whole;
    this.refused = refused;
  }

  /** Calls one of both, once, by this thread or another. */
  static void read(
      Content.Source source, int limit, Consumer<byte[]> whole, Consumer<HttpProblem> refused) {
    new BodyReader(source, limit, whole, refused).run();
  }

  /** As far as it is there. */
  @Override
  public void run() {
    while (true) {
      Content.Chunk chunk = source.read();
      if (chunk == null) {
        source.demand(this);
        return;
      }
      if (Content.Chunk.isFailure(chunk)) {
        refused.accept(HttpProblem.of(400, "the body: did not come whole"));
        return;
      }
      ByteBuffer bytes = chunk.getByteBuffer();
      boolean fits = body.size() + bytes.remaining() <= limit;
      if (fits) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        body.writeBytes(copy);
      }
      chunk.release();
      if (!fits) {
        refused.accept(tooLarge(limit));
        return;
      }
      if (chunk.isLast()) {
        whole.accept(body.toByteArray());
        return;
      }
    }
  }

  static HttpProblem tooLarge(int limit) {
    return HttpProblem.of(413, "the body: too large (expected: <= " + limit + " bytes)");
  }
}
