package io.evenkeel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.server.config.ConfigFile.Format;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What examples/config shows is so. */
class ExamplesTest {

  static List<Path> all() throws IOException {
    return Examples.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void isRead_andUsesNoPortTwice(Path file) throws Exception {
    Config config = ConfigFile.read(file);
    assertThat(config.listeners()).isNotEmpty().allMatch(one -> one.address().port() > 1024);
  }

  @Test
  void examples_canBeStartedAtTheSameTime() throws Exception {
    Set<Integer> ports = new HashSet<>();
    for (Path file : Examples.all()) {
      for (ListenerConfig listener : ConfigFile.read(file).listeners()) {
        assertThat(ports.add(listener.address().port())).as("%s", listener).isTrue();
      }
    }
  }

  @Test
  void theFullExample_saysTheDefaults() throws Exception {
    String text = Examples.text("evenkeel.yaml");
    String uncommented = text.replaceAll("(?m)^( *)#(?=[a-z_]+: )", "$1");
    assertThat(uncommented.lines().filter(line -> line.strip().startsWith("#")).count())
        .isLessThan(text.lines().filter(line -> line.strip().startsWith("#")).count() - 40);
    assertThat(ConfigFile.parse(uncommented, Format.YAML, null))
        .isEqualTo(ConfigFile.parse(text, Format.YAML, null));
  }

  @Test
  void theFullExample_hasEveryKey() throws Exception {
    String text = Examples.text("evenkeel.yaml");
    List<String> missing = new ArrayList<>();
    keys(ConfigSchema.schema(), "")
        .forEach(
            key -> {
              String name = key.substring(key.lastIndexOf('.') + 1);
              if (!text.matches("(?s).*\\b" + name + ": .*") && !text.contains(name + ":\n")) {
                missing.add(key);
              }
            });
    assertThat(missing).isEmpty();
  }

  static List<String> keys(Object schema, String path) {
    List<String> keys = new ArrayList<>();
    if (schema instanceof Map<?, ?> map) {
      map.forEach(
          (name, part) -> {
            if (name.equals("properties") && part instanceof Map<?, ?> properties) {
              properties.forEach(
                  (key, value) -> {
                    String keyPath = path + "." + key;
                    keys.add(keyPath);
                    keys.addAll(keys(value, keyPath));
                  });
            } else {
              keys.addAll(keys(part, path));
            }
          });
    } else if (schema instanceof List<?> list) {
      list.forEach(part -> keys.addAll(keys(part, path)));
    }
    return keys;
  }
}
