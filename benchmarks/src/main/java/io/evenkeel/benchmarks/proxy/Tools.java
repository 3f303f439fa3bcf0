package io.evenkeel.benchmarks.proxy;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The programs that a comparison needs, where they are.
 *
 * @param loadStream a line for nginx's configuration, if its stream module is a file of its own
 * @param versions of all of them but Java, in words
 * @param javaVersion of the Java that runs Evenkeel, as "17.0.15"
 */
record Tools(
    String haproxy,
    String nginx,
    String loadStream,
    String wrk,
    String java,
    String versions,
    String javaVersion) {

  static final String EVENKEEL = "lb-server/target/evenkeel.jar";

  /**
   * Looks for all of them.
   *
   * @throws IOException if some are missing; the message has a line for each
   */
  static Tools find(String java, boolean withStrace) throws IOException, InterruptedException {
    List<String> complaints = new ArrayList<>();
    String haproxy = find("haproxy", "haproxy", complaints);
    String nginx = find("nginx", "nginx-light", complaints);
    String wrk = find("wrk", "wrk", complaints);
    if (withStrace) {
      find("strace", "strace", complaints);
    }
    String loadStream = "";
    String build = nginx.isEmpty() ? "" : say(nginx, "-V");
    if (build.contains("--with-stream=dynamic")) {
      String module = first(build, "--modules-path=(\\S+)") + "/ngx_stream_module.so";
      loadStream = "load_module " + module + ";";
      if (!Files.exists(Path.of(module))) {
        complaints.add("nginx's stream module is missing: Debian package libnginx-mod-stream");
      }
    } else if (!nginx.isEmpty() && !build.contains("--with-stream")) {
      complaints.add(nginx + " has no stream module: Debian package libnginx-mod-stream");
    }
    if (!complaints.isEmpty()) {
      throw new IOException(String.join("\n", complaints));
    }
    String versions =
        "HAProxy %s, nginx %s, wrk %s, %s"
            .formatted(
                first(say(haproxy, "-v"), "version (\\d[\\d.]*)"),
                first(build, "nginx/(\\S+)"),
                first(say(wrk, "-v"), "wrk \\D*(\\d[\\d.]*)"),
                say(java, "-jar", EVENKEEL, "--version").strip());
    return new Tools(
        haproxy,
        nginx,
        loadStream,
        wrk,
        java,
        versions,
        first(say(java, "-version"), "\"([^\"]+)\""));
  }

  /** The tool of the JDK beside that Java, if it is a path; else the one on the PATH. */
  String jcmd() {
    Path beside = Path.of(java).resolveSibling("jcmd");
    return Files.isExecutable(beside) ? beside.toString() : "jcmd";
  }

  private static String find(String program, String debianPackage, List<String> complaints) {
    String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin";
    return Stream.of(path.split(File.pathSeparator, -1))
        .map(directory -> Path.of(directory, program))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst()
        .orElseGet(
            () -> {
              complaints.add(program + " is missing: Debian package " + debianPackage);
              return "";
            });
  }

  /** All that a command says; some of these end with a status of their own. */
  private static String say(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  static String first(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    if (!matcher.find()) {
      throw new IllegalStateException("no " + pattern + " in: " + text);
    }
    return matcher.group(1);
  }
}
