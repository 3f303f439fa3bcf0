package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** More clients at once than there are descriptors for, in a process of their own. */
@EnabledOnOs(OS.LINUX)
@Timeout(240)
class DescriptorsTest {

  private static final int CLIENTS = 150;

  @TempDir Path directory;
  private Process process;
  private BufferedReader out;

  private void startProxy(int descriptors, Backend server) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("sh", "-c", "ulimit -n " + descriptors + " && exec \"$0\" \"$@\""));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp"));
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.addAll(List.of(LowOnDescriptors.class.getName(), Integer.toString(server.port())));
    process = new ProcessBuilder(command).redirectError(directory.resolve("err").toFile()).start();
    out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
  }

  private String ask(String question) throws IOException {
    process.getOutputStream().write((question + "\n").getBytes(StandardCharsets.US_ASCII));
    process.getOutputStream().flush();
    return answer(question);
  }

  private String answer(String question) throws IOException {
    String line = out.readLine();
    assertThat(line).as(() -> question + ": " + err()).startsWith(question + " ");
    return line.substring(question.length() + 1);
  }

  private String err() {
    try {
      return Files.readString(directory.resolve("err"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void awaitAnswer(String question, String answer) throws IOException {
    long deadline = System.nanoTime() + ProxyFixture.LONG.toNanos();
    String last = ask(question);
    while (!last.equals(answer)) {
      assertThat(System.nanoTime()).as(question + " " + last + " " + err()).isLessThan(deadline);
      last = ask(question);
    }
  }

  /** Whoever ends makes room for the next: in the end each of them has been served. */
  private void serveAll(int port, int clients) throws Exception {
    List<Socket> waiting = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
      client.getOutputStream().write(7);
      waiting.add(client);
    }
    while (!waiting.isEmpty()) {
      Socket client = firstAnswered(waiting);
      waiting.remove(client);
      assertThat(client.getInputStream().read()).isEqualTo(7);
      client.close();
    }
  }

  private Socket firstAnswered(List<Socket> clients) throws IOException {
    long deadline = System.nanoTime() + ProxyFixture.LONG.toNanos();
    while (true) {
      for (Socket client : clients) {
        if (client.getInputStream().available() > 0) {
          return client;
        }
      }
      assertThat(System.nanoTime())
          .as(() -> "nobody of " + clients.size() + " is answered: " + err())
          .isLessThan(deadline);
    }
  }

  @Test
  void noDescriptorLeft_fromTheFirstClientOn_allAreServedInTheEnd_andNothingIsLeft()
      throws Exception {
    try (Backend server = Backend.echo()) {
      startProxy(60, server);
      int port = Integer.parseInt(answer("port"));
      long before = Long.parseLong(ask("sockets"));
      serveAll(port, CLIENTS);
      serveAll(port, CLIENTS);
      awaitAnswer("open", "0");
      awaitAnswer("still", "true");
      assertThat(Long.parseLong(ask("sockets"))).isLessThanOrEqualTo(before + 2); // both spare
      process.getOutputStream().close();
      assertThat(answer("cut")).isEqualTo("0");
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
      assertThat(err().lines().filter(line -> line.contains(" end=OK "))).hasSize(2 * CLIENTS);
      assertThat(err()).doesNotContain("ERROR");
    } finally {
      process.destroyForcibly();
    }
  }
}
