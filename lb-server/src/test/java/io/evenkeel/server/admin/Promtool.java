package io.evenkeel.server.admin;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Prometheus' own checker, of Debian's package {@code prometheus}. */
final class Promtool {

  /**
   * What it said and how it ended.
   *
   * @param status 0 if it found nothing
   */
  record Answer(int status, String text) {}

  private Promtool() {}

  /** Skips the test where it is not installed. */
  static void assumeInstalled() throws Exception {
    boolean found;
    try {
      found = run(Path.of("."), null, "--version").status() == 0;
    } catch (IOException e) {
      found = false;
    }
    assumeThat(found).as("promtool is not installed (Debian: apt-get install prometheus)").isTrue();
  }

  /**
   * Runs it.
   *
   * @param input what it reads; null for nothing
   */
  static Answer run(Path directory, @Nullable String input, String... args) throws Exception {
    Path in = Files.createTempFile("promtool", ".in");
    Path out = Files.createTempFile("promtool", ".out");
    try {
      Files.writeString(in, input == null ? "" : input);
      List<String> command = new ArrayList<>(List.of("promtool"));
      command.addAll(List.of(args));
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectInput(in.toFile())
              .redirectOutput(out.toFile())
              .redirectErrorStream(true)
              .start();
      int status = process.waitFor();
      return new Answer(status, Files.readString(out, StandardCharsets.UTF_8));
    } finally {
      Files.delete(in);
      Files.delete(out);
    }
  }
}
