package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * All that a comparison leaves on the machine while it runs: a temporary directory and processes.
 * Closed, by the end of this JVM however that comes about, it has ended every process that it
 * started, by id, and deleted the directory. Safe for use by several threads.
 */
final class Session implements AutoCloseable {

  private final Path directory;
  private final List<Process> processes = new ArrayList<>();
  private boolean closed;

  private Session(Path directory) {
    this.directory = directory;
  }

  static Session open() throws IOException {
    Session session = new Session(Files.createTempDirectory("evenkeel-compare"));
    Runtime.getRuntime().addShutdownHook(new Thread(session::close, "clean-up"));
    return session;
  }

  /** A new directory for one process. */
  Path newDirectory(String name) throws IOException {
    return Files.createTempDirectory(directory, name);
  }

  /** Ports of 127.0.0.1 that nobody listens on. */
  static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      List<Integer> ports = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        sockets.add(socket);
        ports.add(socket.getLocalPort());
      }
      return ports;
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
  }

  /** Starts a process that says what it says into {@code out} and {@code err} of a directory. */
  synchronized Process start(Path where, List<String> command) throws IOException {
    if (closed) {
      throw new IOException("the comparison is being ended");
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("LC_ALL", "C");
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.redirectOutput(where.resolve("out").toFile());
    builder.redirectError(where.resolve("err").toFile());
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  /** Runs a command to its end, and returns its standard output. */
  String run(List<String> command) throws IOException, InterruptedException {
    Path where = newDirectory("run");
    Process process = start(where, command);
    int status = process.waitFor();
    synchronized (this) {
      processes.remove(process);
    }
    String out = Files.readString(where.resolve("out"));
    if (status != 0) {
      throw new IOException(
          command.get(0)
              + ": exit "
              + status
              + ": "
              + Files.readString(where.resolve("err"))
              + out);
    }
    return out;
  }

  /** Ends a process, and those that it started. */
  void end(Process process) {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroy);
    for (ProcessHandle handle : all) {
      try {
        Object unused = handle.onExit().get(2, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        handle.destroyForcibly();
      } catch (Exception e) {
        handle.destroyForcibly();
      }
    }
    synchronized (this) {
      processes.remove(process);
    }
  }

  @Override
  public void close() {
    List<Process> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(processes);
    }
    left.forEach(this::end);
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println("could not delete " + directory + ": " + e.getMessage());
    }
  }
}
