package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a build of the Docker image would run, with the jar that was built, in other places. */
class PackagingIT {

  @TempDir private Path folder;

  @Test
  void dockerfile_makesAnArchiveOfClasses_thatAStartUses() throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    String run =
        Files.readString(Path.of("..", "packaging", "Dockerfile"))
            .replace("\\\n", "")
            .lines()
            .filter(line -> line.contains("-XX:ArchiveClassesAtExit="))
            .map(line -> line.substring("RUN ".length()))
            .findFirst()
            .orElseThrow()
            .replace("/usr/lib/evenkeel/", folder + "/")
            .replace("/tmp/a.", folder + "/a.")
            .replace("{ java ", "{ " + java + " ");
    Path jar = Files.copy(Path.of("target", "evenkeel.jar"), folder.resolve("evenkeel.jar"));
    Process build = new ProcessBuilder("sh", "-c", run).redirectErrorStream(true).start();
    String said = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(build.waitFor()).as(said).isZero();
    assertThat(folder.resolve("a.yaml")).doesNotExist();

    String archive = "-XX:SharedArchiveFile=" + folder.resolve("evenkeel.jsa");
    try (Proc start =
        Proc.start(
            List.of(
                java.toString(),
                archive,
                "-Xlog:class+load",
                "-jar",
                jar.toString(),
                "run",
                "--listen",
                "127.0.0.1:0",
                "--server",
                "127.0.0.1:1"))) {
      start.awaitOut("evenkeel: listening on ");
      String core = "io.evenkeel.core.LoadBalancer source: shared objects file (top)";
      assertThat(start.out()).anyMatch(line -> line.contains(core));
    }
  }
}
