package io.evenkeel.server.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files in examples/config. */
final class Examples {

  static final Path FOLDER = Path.of("..", "examples", "config");

  private Examples() {}

  static List<Path> all() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().matches(".*\\.(yaml|json)")).sorted().toList();
    }
  }

  static Path file(String name) {
    return FOLDER.resolve(name);
  }

  static String text(String name) throws IOException {
    return Files.readString(file(name));
  }
}
