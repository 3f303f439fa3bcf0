package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.server.config.AdminConfig.Role;
import io.evenkeel.server.config.AdminConfig.Token;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.NotEmpty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that come from outside, and texts that go into the log. */
class AdminTextsTest {

  @Property(tries = 500, seed = "8")
  void everySegment_isReadAsItWasWritten(@ForAll String text) {
    boolean writable =
        text.chars().noneMatch(Character::isISOControl)
            && text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
    String segment = PercentCoding.segment(text);
    assertThat(segment).matches("[A-Za-z0-9._~:%-]*");
    if (writable) {
      assertThat(PercentCoding.decode(segment, false)).isEqualTo(text);
      assertThat(PercentCoding.decode(segment, true)).isEqualTo(text);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "%",
        "%1",
        "%g1",
        "%-1",
        "%+1",
        "a b",
        "\u00e9",
        "%c3",
        "%c0%af",
        "%ed%a0%80",
        "%0d%0a",
        "%7f",
        "%c2%85"
      })
  void textsThatAreNotWellEncoded_areRefused(String text) {
    assertThatThrownBy(() -> PercentCoding.decode(text, false))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Property(tries = 500, seed = "9")
  void whatIsLogged_isOneLine_withoutMarks(@ForAll String text) {
    assertThat(LogText.clean(text))
        .hasSizeLessThanOrEqualTo(503)
        .doesNotContainPattern(
            "[\\p{Cntrl}\u0085\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f]");
  }

  @Property(tries = 200, seed = "10")
  void tokens_areFoundByTheirWholeTextAlone(@ForAll @NotEmpty String secret, @ForAll String other) {
    Tokens tokens =
        new Tokens(
            List.of(new Token("a", secret, Role.READ), new Token("b", secret + "x", Role.WRITE)));
    assertThat(tokens.find(secret)).extracting(Token::name).isEqualTo("a");
    assertThat(tokens.find(secret + "x")).extracting(Token::name).isEqualTo("b");
    if (!other.equals(secret) && !other.equals(secret + "x")) {
      assertThat(tokens.find(other)).isNull();
    }
  }
}
