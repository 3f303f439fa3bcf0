package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process that listens, and what the system says of it and of those that it has started. */
final class Running implements AutoCloseable {

  /** Of the times in /proc/PID/stat; the same on every Linux that a JDK runs on. */
  private static final int MILLIS_A_TICK = 10;

  private static final int START_MILLIS = 20_000;

  private final Session session;
  private final Process process;
  private final int port;

  private Running(Session session, Process process, int port) {
    this.session = session;
    this.process = process;
    this.port = port;
  }

  /** Starts a process, and waits until it accepts on a port. */
  static Running start(Session session, Path directory, List<String> command, int port)
      throws IOException, InterruptedException {
    Process process = session.start(directory, command);
    for (int waited = 0; waited < START_MILLIS && process.isAlive(); waited += 20) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return new Running(session, process, socket.getPort());
      } catch (IOException e) {
        Thread.sleep(20); // not yet
      }
    }
    throw new IOException(
        command + " does not listen:\n" + Files.readString(directory.resolve("err")));
  }

  /** Starts a proxy in front of a server. */
  static Running start(
      Session session, Tools tools, Contender contender, int server, String... javaOptions)
      throws IOException, InterruptedException {
    Path directory = session.newDirectory("proxy");
    int port = Session.freePorts(1).get(0);
    List<String> command = contender.command(directory, tools, port, server, javaOptions);
    return start(session, directory, command, port);
  }

  int port() {
    return port;
  }

  /** The one that does the work: a worker, where there is one. */
  long worker() {
    return all().get(all().size() - 1).pid();
  }

  private List<ProcessHandle> all() {
    List<ProcessHandle> children = process.children().toList();
    return children.isEmpty()
        ? List.of(process.toHandle())
        : List.of(process.toHandle(), children.get(0));
  }

  /** User and system time of all threads so far, to 10 ms. */
  long cpuMillis() throws IOException {
    long millis = 0;
    for (ProcessHandle handle : all()) {
      millis += cpuMillis(Files.readString(Path.of("/proc/" + handle.pid() + "/stat")));
    }
    return millis;
  }

  /** Of a JVM: what of that its JIT compilers have taken. */
  long compilerMillis() throws IOException {
    long millis = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + process.pid() + "/task"))) {
      for (Path thread : threads) {
        String stat = Files.readString(thread.resolve("stat"));
        if (stat.contains("(C1 Compiler") || stat.contains("(C2 Compiler")) {
          millis += cpuMillis(stat);
        }
      }
    }
    return millis;
  }

  private static long cpuMillis(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MILLIS_A_TICK;
  }

  /** Resident memory. */
  long residentBytes() throws IOException {
    long kilobytes = 0;
    for (ProcessHandle handle : all()) {
      String status = Files.readString(Path.of("/proc/" + handle.pid() + "/status"));
      kilobytes += Long.parseLong(Tools.first(status, "VmRSS:\\s+(\\d+)"));
    }
    return kilobytes * 1024;
  }

  /** Of a JVM: what its objects take, after a full collection. */
  long heapBytes(Tools tools) throws IOException, InterruptedException {
    String histogram = jcmd(tools, "GC.class_histogram");
    return Long.parseLong(Tools.first(histogram, "Total +\\d+ +(\\d+)"));
  }

  /** Of a JVM that tracks it: memory beside the heap, without that of compiling. */
  long nativeBytes(Tools tools) throws IOException, InterruptedException {
    String summary = jcmd(tools, "VM.native_memory", "summary", "scale=KB");
    long kilobytes = committed(summary, "Total:");
    for (String other : List.of("Java Heap", "Compiler", "Code", "Arena Chunk")) {
      kilobytes -= committed(summary, other + " \\(");
    }
    return kilobytes * 1024;
  }

  /** 0 if there is no such kind: they differ from Java to Java. */
  private static long committed(String summary, String of) {
    Matcher matcher = Pattern.compile(of + ".*?committed=(\\d+)KB").matcher(summary);
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }

  private String jcmd(Tools tools, String... what) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(tools.jcmd()));
    command.add(String.valueOf(process.pid()));
    command.addAll(List.of(what));
    return session.run(command);
  }

  @Override
  public void close() {
    session.end(process);
  }
}
