package io.evenkeel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.server.config.ConfigFile.Format;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Whatever stands in a file: a configuration, or problems; never anything else. */
class ConfigFuzzTest {

  private static final List<String> PIECES =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ":",
          ": ",
          "- ",
          "\n",
          "\t",
          " ",
          "\"",
          "'",
          "#",
          "&a ",
          "*a",
          "!!x ",
          "|",
          ">",
          "? ",
          "---\n",
          "...\n",
          "%YAML 1.2\n",
          "<<: ",
          "off",
          "-1",
          "1e999",
          ".inf",
          "~",
          "null",
          "\u0000",
          "\uFEFF",
          "\u2028",
          "\ud83d",
          "\ud83d\ude00",
          "é",
          "5s",
          "99999999999999999999",
          "listeners",
          "balancers",
          "token",
          ",",
          "\\",
          "\\u0000");

  /** Reads; more than that it must not do. */
  private static void read(String text) {
    for (Format format : Format.values()) {
      try {
        Config config = ConfigFile.parse(text, format, null, name -> null);
        assertThat(ConfigWriter.isSame(config, config)).isTrue();
      } catch (ConfigException e) {
        assertThat(e.problems()).isNotEmpty();
        for (Problem problem : e.problems()) {
          assertThat(problem.message()).isNotBlank().doesNotContain("\n");
          assertThat(problem.line()).isNotNegative();
          assertThat(problem.column()).isNotNegative();
        }
      }
    }
  }

  @Property(tries = 500)
  void randomBytes(@ForAll byte[] bytes) {
    read(new String(bytes, StandardCharsets.UTF_8));
    read(new String(bytes, StandardCharsets.ISO_8859_1));
  }

  @Property(tries = 500)
  void randomPieces(@ForAll long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(60); i > 0; i--) {
      text.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    read(text.toString());
  }

  @Property(tries = 500)
  void mutatedExamples(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    List<Path> examples = Examples.all();
    String name = examples.get(random.nextInt(examples.size())).getFileName().toString();
    StringBuilder text = new StringBuilder(Examples.text(name));
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      int at = random.nextInt(text.length() + 1);
      int end = Math.min(text.length(), at + random.nextInt(20));
      switch (random.nextInt(4)) {
        case 0 -> text.delete(at, end);
        case 1 -> text.insert(at, text.substring(at, end));
        case 2 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
        default -> {
          if (at < text.length()) {
            text.setCharAt(at, (char) (text.charAt(at) ^ (1 << random.nextInt(7))));
          }
        }
      }
    }
    read(text.toString());
  }

  @Test
  void whatIsMadeToTakeLong_doesNot() {
    read("a".repeat(100_000));
    read("\"" + "\\".repeat(100_000));
    read("{".repeat(10_000) + "}".repeat(10_000));
    read("- ".repeat(10_000));
    read("? ".repeat(10_000));
    read("a:\n".repeat(10_000));
    read("listeners: {a: {address: " + "1".repeat(100_000) + "}}");
    read("balancers: {a: {servers: [" + "'a:1',".repeat(50_000) + "]}}");
    read("balancers: {a: {servers: ['a:1" + ",b=".repeat(350_000) + "']}}");
    read("listeners: {a: {wait_timeout: " + "9".repeat(100_000) + "s}}");
    StringBuilder keys = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      keys.append("k").append(i).append(": 1\n");
    }
    read(keys.toString());
  }
}
