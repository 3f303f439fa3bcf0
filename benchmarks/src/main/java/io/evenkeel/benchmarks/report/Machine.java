package io.evenkeel.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a run was made; nothing of it names a path or a host. */
public final class Machine {

  private Machine() {}

  /** As "AMD EPYC 7B13, 2 cores, OpenJDK 64-Bit Server VM 17.0.15+6, Linux amd64". */
  public static String describe() {
    return "%s, %d cores, %s %s, %s %s"
        .formatted(
            processor(),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("java.vm.name"),
            Runtime.version(),
            System.getProperty("os.name"),
            System.getProperty("os.arch"));
  }

  /** The same without Java, as "AMD EPYC 7B13, 2 cores, Linux 6.1.0". */
  public static String hardware() {
    return "%s, %d cores, %s %s"
        .formatted(
            processor(),
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.name"),
            System.getProperty("os.version").replaceFirst("[^0-9.].*", ""));
  }

  private static String processor() {
    Path file = Path.of("/proc/cpuinfo");
    if (Files.isReadable(file)) {
      try {
        for (String line : Files.readAllLines(file)) {
          if (line.startsWith("model name")) {
            return line.substring(line.indexOf(':') + 1).strip();
          }
        }
      } catch (IOException e) {
        return "unknown processor";
      }
    }
    return "unknown processor";
  }
}
