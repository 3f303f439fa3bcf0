package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A process that a test started, what it prints, and what Linux says of it. */
final class Proc implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final Lines out;
  private final Lines err;

  private Proc(Process process) {
    this.process = process;
    this.out = new Lines(process.getInputStream());
    this.err = new Lines(process.getErrorStream());
  }

  static Proc start(List<String> command) throws IOException {
    return new Proc(new ProcessBuilder(command).start());
  }

  /** Runs the jar that was built, as its user would. */
  static Proc evenkeel(String... args) throws IOException {
    Path jar = Path.of("target", "evenkeel.jar").toAbsolutePath();
    if (!Files.exists(jar)) {
      throw new IOException(jar + " is not there: these tests run after package");
    }
    return start(javaCommand(jar, args));
  }

  /** The same, with no more than so many file descriptors, and a line for each client. */
  static Proc evenkeelWithDescriptors(int limit, String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("sh", "-c", "ulimit -n " + limit + " && exec \"$0\" \"$@\""));
    List<String> java = javaCommand(Path.of("target", "evenkeel.jar").toAbsolutePath(), args);
    java.add(1, "-Dorg.slf4j.simpleLogger.log.io.evenkeel.proxy.access=info");
    command.addAll(java);
    return start(command);
  }

  private static List<String> javaCommand(Path jar, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx256m", "-jar", jar.toString()));
    command.addAll(List.of(args));
    return command;
  }

  /** Skips the calling test where a program is not installed. */
  static void assumeInstalled(String... programs) {
    for (String program : programs) {
      boolean found =
          Stream.of(System.getenv("PATH").split(":", -1))
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
      Assumptions.assumeTrue(found, program + " is not on the PATH; .ci/run has its package");
    }
  }

  /** The first line on standard output that begins so, once it is there. */
  String awaitOut(String beginning) throws InterruptedException {
    return out.await(line -> line.startsWith(beginning), beginning, this);
  }

  /** The first line on standard output that has this in it, once it is there. */
  String awaitOutContaining(String part) throws InterruptedException {
    return out.await(line -> line.contains(part), part, this);
  }

  /** The first line on standard error that has this in it, once it is there. */
  String awaitErr(String part) throws InterruptedException {
    return err.await(line -> line.contains(part), part, this);
  }

  /** Where a started {@code evenkeel run} says that it listens. */
  HostPort awaitListening() throws InterruptedException {
    String line = awaitOut("evenkeel: listening on ");
    return HostPort.parse(line.substring("evenkeel: listening on ".length()).split(",", -1)[0], 1);
  }

  List<String> out() {
    return out.soFar();
  }

  List<String> err() {
    return err.soFar();
  }

  OutputStream in() {
    return process.getOutputStream();
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Sends a signal such as {@code TERM} to this process and no other. */
  void signal(String name) throws IOException, InterruptedException {
    int status = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
    if (status != 0) {
      throw new IOException("kill -" + name + " " + pid() + ": " + status);
    }
  }

  /** The exit code; all that it printed has been read when this returns. */
  int awaitExit() throws InterruptedException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("still running after " + PATIENCE_SECONDS + " s: " + this);
    }
    out.awaitEnd();
    err.awaitEnd();
    return process.exitValue();
  }

  /** User and system CPU time so far, in clock ticks of 10 ms. */
  long cpuTicks() throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid()), "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /** How many file descriptors are open. */
  long openDescriptors() throws IOException {
    try (Stream<Path> fds = Files.list(Path.of("/proc", Long.toString(pid()), "fd"))) {
      return fds.count();
    }
  }

  /** Whether it was started with this signal ignored, as background jobs of some shells are. */
  boolean ignores(int signal) throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc", Long.toString(pid()), "status")).stream()
            .filter(l -> l.startsWith("SigIgn:"))
            .findFirst()
            .orElseThrow();
    long mask = Long.parseUnsignedLong(line.substring("SigIgn:".length()).trim(), 16);
    return (mask >>> (signal - 1) & 1) != 0;
  }

  /** Ends it, if it has not ended. */
  @Override
  public void close() {
    process.destroyForcibly();
    try {
      awaitExit();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return process.info().commandLine().orElse("process") + "\nout: " + out() + "\nerr: " + err();
  }

  /** One of its streams, read by a thread of its own until it ends. */
  private static final class Lines {
    private final List<String> lines = new ArrayList<>();
    private boolean ended;

    Lines(InputStream stream) {
      Thread reader = new Thread(() -> read(stream), "proc-reader");
      reader.setDaemon(true);
      reader.start();
    }

    private void read(InputStream stream) {
      try (BufferedReader reader =
          new BufferedReader(new java.io.InputStreamReader(stream, StandardCharsets.UTF_8))) {
        reader.lines().forEach(this::add);
      } catch (IOException | UncheckedIOException e) {
        // the process was ended by force; what it had said is here
      } finally {
        end();
      }
    }

    private synchronized void add(String line) {
      lines.add(line);
      notifyAll();
    }

    private synchronized void end() {
      ended = true;
      notifyAll();
    }

    synchronized List<String> soFar() {
      return List.copyOf(lines);
    }

    synchronized void awaitEnd() throws InterruptedException {
      while (!ended) {
        wait();
      }
    }

    String await(Predicate<String> wanted, String what, Proc proc) throws InterruptedException {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      synchronized (this) {
        while (true) {
          for (String line : lines) {
            if (wanted.test(line)) {
              return line;
            }
          }
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (ended || left <= 0) {
            break;
          }
          wait(left);
        }
      }
      throw new AssertionError("never printed: '" + what + "' by " + proc);
    }
  }
}
