package io.evenkeel.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@link Interleavings}. */
class InterleavingsTest {

  private static final long TESTS =
      Arrays.stream(Interleavings.class.getDeclaredClasses())
          .filter(type -> !Modifier.isAbstract(type.getModifiers()))
          .count();

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void nothingForbiddenIsSeen(@TempDir Path dir) throws Exception {
    Path output = dir.resolve("output.txt");
    Process jcstress =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    "org.openjdk.jcstress.Main",
                    "-t",
                    Interleavings.class.getName(),
                    "-jvmArgs", // one set of them: else 28 virtual machines for each test
                    "-XX:+UseSerialGC",
                    "-sc",
                    "false",
                    "-af",
                    "NONE",
                    "-f",
                    "1",
                    "-iters",
                    "3",
                    "-time",
                    "200",
                    "-hs",
                    "256",
                    "-r",
                    dir.resolve("results").toString()))
            .directory(dir.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      int exit = jcstress.waitFor();
      assertThat(exit).as(() -> text(output)).isZero();
      assertThat(text(output))
          .contains(
              "Failed tests: No matches.",
              "Error tests: No matches.",
              "All remaining tests: " + TESTS + " match");
    } finally {
      jcstress.descendants().forEach(ProcessHandle::destroyForcibly);
      jcstress.destroyForcibly();
    }
  }

  private static String text(Path output) {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
