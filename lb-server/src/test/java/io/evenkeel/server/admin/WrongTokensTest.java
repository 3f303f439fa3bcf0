package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is told of wrong tokens, on a clock. */
class WrongTokensTest {

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1); // it may wrap around
  private final List<String> log = new ArrayList<>();
  private final WrongTokens wrong = new WrongTokens(clock::get, log::add);

  private void pass(long seconds) {
    clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
    wrong.sweep();
  }

  @Test
  void theFirstIsToldAtOnce_theNextOnesTogether_eachAddressByItself() {
    wrong.shown("192.0.2.1", "GET /a");
    wrong.shown("192.0.2.1", "GET /b");
    wrong.shown("192.0.2.1", "GET /c");
    wrong.shown("192.0.2.2", "GET /d");
    assertThat(log)
        .containsExactly(
            "a wrong token from 192.0.2.1, for GET /a", "a wrong token from 192.0.2.2, for GET /d");
    pass(9);
    assertThat(log).hasSize(2);
    pass(1);
    assertThat(log.subList(2, log.size()))
        .containsExactly(
            "2 more wrong tokens from 192.0.2.1 in the last 10 s, at the end for GET /c");
    wrong.shown("192.0.2.1", "GET /e"); // goes on: no line of its own
    wrong.shown("192.0.2.2", "GET /f"); // was forgotten: told at once
    assertThat(log.subList(3, log.size()))
        .containsExactly("a wrong token from 192.0.2.2, for GET /f");
    pass(10);
    pass(10);
    pass(10);
    assertThat(log.subList(4, log.size()))
        .containsExactly(
            "1 more wrong token from 192.0.2.1 in the last 10 s, at the end for GET /e");
  }

  @Test
  void manyAddresses_areToldOfAsOne_andNoneIsLost() {
    int addresses = 100_000;
    for (int i = 0; i < addresses; i++) {
      wrong.shown("2001:db8::" + i, "GET /");
    }
    assertThat(log).hasSize(WrongTokens.MOST_ADDRESSES + 1);
    pass(10);
    int untold = addresses - WrongTokens.MOST_ADDRESSES - 1;
    assertThat(log.subList(WrongTokens.MOST_ADDRESSES + 1, log.size()))
        .containsExactly(
            untold
                + " more wrong tokens from other addresses in the last 10 s, at the end for GET /");
  }
}
