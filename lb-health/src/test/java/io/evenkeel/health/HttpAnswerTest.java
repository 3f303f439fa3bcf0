package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** What an answer means, byte by byte, without a socket. */
@SuppressWarnings("StringConcatToTextBlock") // line ends are what it is about
class HttpAnswerTest {

  private static final ProbeResult UP = ProbeResult.success();

  /** An answer, and what it comes to where "pong" is expected in at most 20 bytes of body. */
  private record Case(String answer, String verdict) {}

  private static final List<Case> CASES =
      List.of(
          new Case("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong", "success"),
          new Case("HTTP/1.0 204\r\n\r\n", "failure: HTTP 204, but no 'pong' in the body"),
          new Case("HTTP/1.1 200 OK\nX: y\r\n\nppong", "success"),
          new Case("HTTP/1.1 200 OK\r\n\r\npon", "failure: HTTP 200, but no 'pong' in the body"),
          new Case(
              "HTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\npong",
              "failure: HTTP 200, but no 'pong' in the body"),
          new Case(
              "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npon",
              "failure: closed within the body of the answer"),
          new Case(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npo\r\n2;x=y\r\nng\r\n0\r\n\r\n",
              "success"),
          new Case(
              "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, CHUNKED\r\ncontent-length: 1\r\n\r\n"
                  + "3\r\npon\r\n0\r\n",
              "failure: HTTP 200, but no 'pong' in the body"),
          new Case(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npoXng\n",
              "failure: a chunk of the body has no proper end"),
          new Case(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\npong",
              "failure: a chunk of the body has no proper size"),
          new Case(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\npong",
              "failure: a chunk of the body has no proper size"),
          new Case(
              "HTTP/1.1 200 OK\r\n\r\n0123456789012345678pong",
              "failure: HTTP 200, but no 'pong' in the first 20 bytes of the body"),
          new Case("HTTP/1.1 200 OK\r\n\r\n0123456789012345pong", "success"),
          new Case(
              "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\npong",
              "success"),
          new Case("HTTP/1.1 500 Oops\r\n\r\npong", "failure: HTTP 500"),
          new Case("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\npong", "success"),
          new Case("HTTP/1.1 101 Switching\r\n\r\npong", "failure: HTTP 101"),
          new Case("HTTP/2 200 OK\r\n\r\n", "failure: no HTTP answer: 'HTTP/2 200 OK..'"),
          new Case("SSH-2.0-OpenSSH\r\n", "failure: no HTTP answer: 'SSH-2.0-OpenSSH..'"),
          new Case("HTTP/1.1 20\u0661 OK\r\n\r\n", "failure: no HTTP answer: 'HTTP/1.1 20.. OK..'"),
          new Case(
              "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\npong",
              "failure: content-length: 5 (expected: one number)"),
          new Case(
              "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\npong",
              "failure: content-length: -4 (expected: one number)"),
          new Case("HTTP/1.1 200 OK\r\nno colon\r\n folded\r\n\r\npong", "success"),
          new Case("HTTP/1.1 200 OK\r\nX: y", "failure: closed within the head of the answer"),
          new Case("", "failure: closed without an answer"));

  @Provide
  Arbitrary<Case> cases() {
    return Arbitraries.of(CASES);
  }

  /** However the network cuts it into pieces. */
  @Property(tries = 1000)
  void verdict_isTheSame_howeverTheBytesCome(
      @ForAll("cases") Case one,
      @ForAll @Size(max = 20) List<@IntRange(min = 1, max = 30) Integer> cuts) {
    assertThat(verdict(one.answer, cuts)).hasToString(one.verdict);
  }

  @Example
  void everyCase_byteByByte_andAtOnce() {
    for (Case one : CASES) {
      int length = one.answer.getBytes(StandardCharsets.UTF_8).length;
      assertThat(verdict(one.answer, List.of())).as(one.answer).hasToString(one.verdict);
      assertThat(verdict(one.answer, Collections.nCopies(length, 1)))
          .as(one.answer)
          .hasToString(one.verdict);
    }
  }

  @Example
  void noTextExpected_theHeadDecides() {
    HttpAnswer answer = new HttpAnswer(new HttpAnswer.Expected(200, 399, null, null, 20, true));
    assertThat(answer.read(bytes("HTTP/1.1 200 OK\r\nX: y\r\n"))).isNull();
    assertThat(answer.read(bytes("\r\n"))).isEqualTo(UP);
  }

  @Example
  void head_endless_isGivenUpAtItsLimit() {
    for (String piece : List.of("x", "X: y\r\n", "\r\n\r\nHTTP/1.1 100 \r\nA:")) {
      HttpAnswer answer = expectingPong();
      ProbeResult verdict = answer.read(bytes("HTTP/1.1 100 Continue\r\nA:"));
      int fed = 0;
      while (verdict == null && fed < 10 * HttpAnswer.MAX_HEAD_BYTES) {
        ByteBuffer next = bytes(piece);
        fed += next.remaining();
        verdict = answer.read(next);
      }
      assertThat(verdict).hasToString("failure: the answer's head is longer than 16384 bytes");
      assertThat(fed).isLessThan(HttpAnswer.MAX_HEAD_BYTES + 32);
    }
  }

  /** Many small chunks are no long head. */
  @Example
  void chunks_manyAndSmall_countAsBody() {
    HttpAnswer answer =
        new HttpAnswer(
            new HttpAnswer.Expected(
                200, 399, "pong", new TextSearch.Pattern("pong"), 100_000, true));
    assertThat(answer.read(bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")))
        .isNull();
    for (int i = 0; i < 50_000; i++) {
      assertThat(answer.read(bytes("1\r\nx\r\n"))).isNull();
    }
    assertThat(answer.read(bytes("4\r\npong\r\n"))).isEqualTo(UP);
  }

  /** Hostile bytes: there is a verdict or a wish for more, and never an exception. */
  @Property(tries = 2000)
  void anyBytes_areSurvived(
      @ForAll("cases") Case start,
      @ForAll @IntRange(min = 0, max = 120) int keep,
      @ForAll @Size(max = 400) byte[] noise) {
    byte[] good = start.answer.getBytes(StandardCharsets.UTF_8);
    HttpAnswer answer = expectingPong();
    ProbeResult verdict =
        answer.read(ByteBuffer.wrap(Arrays.copyOf(good, Math.min(keep, good.length))));
    if (verdict == null) {
      verdict = answer.read(ByteBuffer.wrap(noise));
    }
    if (verdict == null) {
      verdict = answer.end();
    }
    assertThat(verdict.isInconclusive()).isFalse();
  }

  /** Against the plain way to look for it. */
  @Property(tries = 1000)
  void textSearch_findsWhatIndexOfFinds(
      @ForAll("ab") String text,
      @ForAll("ab") String wanted,
      @ForAll @IntRange(min = 1, max = 7) int cut) {
    if (wanted.isEmpty()) {
      return;
    }
    TextSearch search = new TextSearch(new TextSearch.Pattern(wanted));
    boolean found = false;
    for (int i = 0; i < text.length() && !found; i += cut) {
      found = search.found(bytes(text.substring(i, Math.min(text.length(), i + cut))));
    }
    assertThat(found).isEqualTo(text.contains(wanted));
  }

  @Provide
  Arbitrary<String> ab() {
    return Arbitraries.strings().withChars('a', 'b').ofMaxLength(14);
  }

  private static ProbeResult verdict(String text, List<Integer> cuts) {
    HttpAnswer answer = expectingPong();
    ByteBuffer all = bytes(text);
    for (int cut : cuts) {
      int end = Math.min(all.limit(), all.position() + cut);
      ByteBuffer piece = all.duplicate().limit(end);
      all.position(end);
      ProbeResult verdict = answer.read(piece);
      if (verdict != null) {
        return verdict;
      }
    }
    ProbeResult verdict = answer.read(all);
    return verdict != null ? verdict : answer.end();
  }

  private static HttpAnswer expectingPong() {
    return new HttpAnswer(
        new HttpAnswer.Expected(200, 399, "pong", new TextSearch.Pattern("pong"), 20, true));
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
