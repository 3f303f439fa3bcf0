package io.evenkeel.health;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads an HTTP/1 answer as far as a check needs it: the status, and whether a text is in the body.
 * Keeps one line at most. What does not look like HTTP is a failure, and so is a head or a body
 * above its limit.
 *
 * <pre>
 * STATUS → HEADERS → done, if the status decides
 *            ↓ 1xx: STATUS again
 *            ↓ content-length            → BODY of so many bytes
 *            ↓ neither                   → BODY until the connection ends
 *            ↓ transfer-encoding: chunked → CHUNK_SIZE → BODY → CHUNK_END → CHUNK_SIZE …
 *                                              ↓ 0: done
 * </pre>
 */
final class HttpAnswer {

  /** Of all status lines and headers together, and of each line between chunks. */
  static final int MAX_HEAD_BYTES = 16 * 1024;

  private static final long UNTIL_CLOSED = -1;
  private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] ([1-9]\\d\\d)( .*)?");
  private static final Pattern CHUNK_SIZE = Pattern.compile("([0-9a-fA-F]{1,8})[ \t]*(;.*)?");

  /**
   * What an answer has to be like.
   *
   * @param leastStatus the lowest that will do
   * @param mostStatus the highest that will do
   * @param bodyText what the body must have in it; null if it is of no interest
   * @param bodyPattern the same, prepared
   * @param maxBodyBytes how much of the body is looked at
   * @param hasBody false if the request was one to which there is none
   */
  record Expected(
      int leastStatus,
      int mostStatus,
      @Nullable String bodyText,
      TextSearch.@Nullable Pattern bodyPattern,
      int maxBodyBytes,
      boolean hasBody) {}

  private enum Part {
    STATUS,
    HEADERS,
    BODY,
    CHUNK_SIZE,
    CHUNK_END
  }

  private final Expected expected;
  private final @Nullable TextSearch search;
  private final Excerpt beginning = new Excerpt();
  private byte[] line = new byte[128];
  private int lineLength;
  private int headBytes;
  private Part part = Part.STATUS;
  private int status;
  private boolean chunked;
  private long contentLength = UNTIL_CLOSED;

  /** Of the body or of the chunk, or {@link #UNTIL_CLOSED}. */
  private long bytesLeft;

  private long bodyBytes;

  HttpAnswer(Expected expected) {
    this.expected = expected;
    this.search = expected.bodyPattern == null ? null : new TextSearch(expected.bodyPattern);
  }

  /** Takes what has come; the verdict, or null if there must be more. */
  @Nullable ProbeResult read(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      ProbeResult verdict;
      if (part == Part.BODY) {
        verdict = readBody(bytes);
      } else {
        if (part == Part.STATUS) {
          beginning.add(bytes.duplicate().limit(bytes.position() + 1));
        }
        verdict = readLine(bytes.get());
      }
      if (verdict != null) {
        return verdict;
      }
    }
    return null;
  }

  /** The verdict when the server has closed. */
  ProbeResult end() {
    if (part == Part.BODY && bytesLeft == UNTIL_CLOSED) {
      return lacksText();
    }
    if (part == Part.STATUS && headBytes == 0) {
      return ProbeResult.failure("closed without an answer");
    }
    return ProbeResult.failure(
        part == Part.STATUS || part == Part.HEADERS
            ? "closed within the head of the answer"
            : "closed within the body of the answer");
  }

  private @Nullable ProbeResult readLine(byte next) {
    if (++headBytes > MAX_HEAD_BYTES) {
      return ProbeResult.failure("the answer's head is longer than " + MAX_HEAD_BYTES + " bytes");
    }
    if (next != '\n') {
      if (lineLength == line.length) {
        line = Arrays.copyOf(line, line.length * 2);
      }
      line[lineLength++] = next;
      return null;
    }
    if (lineLength > 0 && line[lineLength - 1] == '\r') {
      lineLength--;
    }
    String text = new String(line, 0, lineLength, StandardCharsets.ISO_8859_1);
    lineLength = 0;
    if (part == Part.CHUNK_SIZE || part == Part.CHUNK_END) {
      headBytes = 0; // each of these lines may be as long as a head
    }
    return switch (part) {
      case STATUS -> statusLine(text);
      case HEADERS -> text.isEmpty() ? endOfHead() : header(text);
      case CHUNK_SIZE -> chunkSize(text);
      case CHUNK_END, BODY -> {
        part = Part.CHUNK_SIZE;
        yield text.isEmpty() ? null : ProbeResult.failure("a chunk of the body has no proper end");
      }
    };
  }

  private @Nullable ProbeResult statusLine(String text) {
    if (!STATUS_LINE.matcher(text).matches()) {
      return ProbeResult.failure("no HTTP answer: " + beginning);
    }
    status = Integer.parseInt(text.substring(9, 12));
    part = Part.HEADERS;
    return null;
  }

  private @Nullable ProbeResult header(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      return null; // a folded line, or none: no concern of a check
    }
    String value = text.substring(colon + 1).strip();
    switch (text.substring(0, colon).toLowerCase(Locale.ROOT)) {
      case "transfer-encoding" -> chunked |= value.toLowerCase(Locale.ROOT).endsWith("chunked");
      case "content-length" -> {
        long length = value.matches("\\d{1,18}") ? Long.parseLong(value) : UNTIL_CLOSED;
        if (length < 0 || (contentLength != UNTIL_CLOSED && contentLength != length)) {
          return ProbeResult.failure("content-length: " + value + " (expected: one number)");
        }
        contentLength = length;
      }
      default -> {}
    }
    return null;
  }

  private @Nullable ProbeResult endOfHead() {
    if (status < 200 && status != 101) { // more is to come
      part = Part.STATUS;
      chunked = false;
      contentLength = UNTIL_CLOSED;
      return null;
    }
    if (status < expected.leastStatus || status > expected.mostStatus) {
      return ProbeResult.failure("HTTP " + status);
    }
    if (search == null) {
      return ProbeResult.success();
    }
    boolean isEmpty = !expected.hasBody || status == 204 || status == 304 || status == 101;
    if (isEmpty || (!chunked && contentLength == 0)) {
      return lacksText();
    }
    part = chunked ? Part.CHUNK_SIZE : Part.BODY;
    bytesLeft = contentLength;
    return null;
  }

  private @Nullable ProbeResult chunkSize(String text) {
    var matcher = CHUNK_SIZE.matcher(text);
    if (!matcher.matches()) {
      return ProbeResult.failure("a chunk of the body has no proper size");
    }
    bytesLeft = Long.parseLong(matcher.group(1), 16);
    part = Part.BODY;
    return bytesLeft == 0 ? lacksText() : null;
  }

  private @Nullable ProbeResult readBody(ByteBuffer bytes) {
    long count = Math.min(bytes.remaining(), expected.maxBodyBytes - bodyBytes);
    if (bytesLeft != UNTIL_CLOSED) {
      count = Math.min(count, bytesLeft);
      bytesLeft -= count;
    }
    bodyBytes += count;
    ByteBuffer piece = bytes.slice(bytes.position(), (int) count);
    bytes.position(bytes.position() + (int) count);
    if (search != null && search.found(piece)) {
      return ProbeResult.success();
    }
    if (bytesLeft == 0 && !chunked) {
      return lacksText();
    }
    if (bodyBytes >= expected.maxBodyBytes) {
      return ProbeResult.failure(
          "HTTP "
              + status
              + ", but no '"
              + expected.bodyText
              + "' in the first "
              + expected.maxBodyBytes
              + " bytes of the body");
    }
    if (bytesLeft == 0) {
      part = Part.CHUNK_END;
    }
    return null;
  }

  private ProbeResult lacksText() {
    return ProbeResult.failure(
        "HTTP " + status + ", but no '" + expected.bodyText + "' in the body");
  }
}
