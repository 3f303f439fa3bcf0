package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What {@code evenkeel check} and {@code evenkeel schema} print, and their exit codes. */
class CheckCommandTest {

  @TempDir private Path folder = Path.of("");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    CommandLine commandLine = Main.commandLine(args);
    commandLine.setOut(new PrintWriter(out));
    commandLine.setErr(new PrintWriter(err));
    return commandLine.execute(args);
  }

  private String file(String text) throws IOException {
    return Files.writeString(folder.resolve("c.yaml"), text).toString();
  }

  @Test
  void good_oneLine_exit0() throws Exception {
    String file =
        file(
            """
            listeners: {web: {address: ':9000', balancer: a}}
            balancers:
              a: {servers: ['a:1', 'b:1']}
              b: {discovery: {file: x.txt}}
            """);
    assertThat(run("check", file)).isZero();
    assertThat(out.toString().lines())
        .containsExactly(
            file + ": balancers.b: note: no listener uses it",
            file + ": good: 1 listener, 2 balancers, 2 servers and those that are found");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void bad_aLineForEachProblem_exit2() throws Exception {
    String file = file("listeners: {web: {adress: ':9000'}}\nbalancers: {a: {servers: ['a']}}\n");
    assertThat(run("check", file)).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString().lines())
        .hasSize(3)
        .anyMatch(
            line ->
                line.equals(
                    file + ":1:19: listeners.web.adress: unknown key; did you mean 'address'?"))
        .anyMatch(line -> line.startsWith(file + ":2:27: balancers.a.servers[0]: 'a' (expected: "));
  }

  @Test
  void notThere_exit1() {
    assertThat(run("check", folder.resolve("x.yaml").toString())).isEqualTo(1);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "evenkeel: '"
                + folder.resolve("x.yaml")
                + "' is not there (expected: a file that can be read)\n");
    assertThat(run("check")).isEqualTo(2);
  }

  @Test
  void notUtf8_orAFolder_exit1() throws Exception {
    Path file = Files.write(folder.resolve("c.yaml"), new byte[] {(byte) 0xff});
    assertThat(run("check", file.toString())).isEqualTo(1);
    assertThat(err.toString()).contains("not UTF-8");
    assertThat(run("check", folder.toString())).isEqualTo(1);
  }

  @Test
  void schema_isPrinted() {
    assertThat(run("schema")).isZero();
    assertThat(out.toString()).startsWith("{\n  \"$schema\": \"https://json-schema.org/draft/");
  }
}
