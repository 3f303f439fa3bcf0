package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A server that is a process of its own, for it to be stopped and killed. */
final class ServerProcess implements AutoCloseable {

  /** What it does with a client. */
  enum Mode {
    /** Sends back what it gets, and its FIN after the client's. */
    ECHO,
    /** Sends {@link #BYTES} without end. */
    SOURCE,
    /** Checks that it gets {@link #BYTES}, and says with what they ended. */
    SINK
  }

  static final KnownBytes BYTES = new KnownBytes(7);

  private final Process process;
  private final BufferedReader out;
  private final int port;

  /**
   * Starts one.
   *
   * @param port 0 for a free one
   * @param backlog how many clients may wait for it to accept them, and one more
   */
  ServerProcess(Mode mode, int port, int backlog) throws IOException {
    process =
        new ProcessBuilder(
                java(
                    ServerProcess.class,
                    mode.name(),
                    Integer.toString(port),
                    Integer.toString(backlog)))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    this.port = Integer.parseInt(readLine());
  }

  /** A command that runs a class of the tests in a JVM of its own. */
  static List<String> java(Class<?> main, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx256m"));
    command.addAll(List.of("-Dorg.slf4j.simpleLogger.log." + AccessLog.LOGGER + "=warn"));
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    command.addAll(List.of("-cp", classes, main.getName()));
    command.addAll(List.of(args));
    return command;
  }

  int port() {
    return port;
  }

  Server server() {
    return Server.of("127.0.0.1", port);
  }

  /** What it says next. */
  String readLine() throws IOException {
    return out.readLine();
  }

  /** SIGSTOP; returns when it has stopped. Its kernel goes on accepting and acknowledging. */
  void stop() throws Exception {
    signal("-STOP");
    ProxyFixture.await("it stops", () -> state() == 'T');
  }

  /** SIGCONT. */
  void resume() throws Exception {
    signal("-CONT");
  }

  /** SIGKILL; returns when it is gone, and its sockets with it. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  private void signal(String signal) throws Exception {
    assertThat(new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  /** One letter: R, S or D while it runs or waits, T when it is stopped. */
  private char state() {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }

  // ---- in the process ----

  public static void main(String[] args) throws IOException {
    Mode mode = Mode.valueOf(args[0]);
    Backend backend =
        new Backend(
            Integer.parseInt(args[1]), Integer.parseInt(args[2]), socket -> serve(mode, socket));
    say(Integer.toString(backend.port()));
    System.in.transferTo(OutputStream.nullOutputStream()); // ends with who started it
    System.exit(0);
  }

  private static void serve(Mode mode, Socket socket) throws Exception {
    InputStream in = socket.getInputStream();
    switch (mode) {
      case ECHO -> in.transferTo(socket.getOutputStream());
      case SOURCE -> BYTES.send(socket.getOutputStream(), Long.MAX_VALUE, 64 * 1024);
      default -> {
        try {
          say("FIN after " + BYTES.receive(in, 0, Long.MAX_VALUE));
        } catch (IOException e) {
          say("reset");
        }
      }
    }
  }

  static void say(String line) {
    PrintStream out = System.out;
    synchronized (out) {
      out.println(line);
      out.flush();
    }
  }
}
