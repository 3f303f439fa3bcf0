package io.evenkeel.benchmarks.proxy;

import io.evenkeel.benchmarks.report.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How long a proxy takes from its start to the first client that has got a byte of a server's
 * through it, in turn with HAProxy and nginx; writes {@code startup.md}. Each start is a new
 * process, asked every millisecond, and killed thereafter.
 */
public final class StartUp {

  private static final long PATIENCE_SECONDS = 60;
  private static final byte[] ASK =
      "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /**
   * One way to start.
   *
   * @param isAdmin whether the dashboard's port is asked, by HTTP
   */
  private record Way(String title, List<String> command, boolean isAdmin) {}

  /** What one start took. */
  private record Start(double seconds, double cpuSeconds) {}

  private final Path folder;
  private final int listen;
  private final int admin;

  private StartUp(Path folder, List<Integer> ports) {
    this.folder = folder;
    this.listen = ports.get(0);
    this.admin = ports.get(1);
  }

  /** Runs the command: {@code [--rounds N] [--out FOLDER] [--java PATH]...}. */
  public static void main(String[] args) throws Exception {
    int rounds = 15;
    Path out = Path.of("benchmarks", "results");
    List<String> javas = new ArrayList<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--rounds" -> rounds = Integer.parseInt(args[i + 1]);
        case "--out" -> out = Path.of(args[i + 1]);
        case "--java" -> javas.add(args[i + 1]);
        default ->
            throw new IllegalArgumentException(args[i] + " (expected: --rounds, --out, --java)");
      }
    }
    if (javas.isEmpty()) {
      javas.add("java");
    }
    Path folder = Files.createTempDirectory("startup");
    StartUp startUp = new StartUp(folder, freePorts());
    try (ServerSocket server = server()) {
      String page = startUp.measure(server.getLocalPort(), javas, rounds);
      Files.writeString(out.resolve("startup.md"), page);
      System.out.println(page);
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Collections.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /**
   * Two below those that the system gives to clients: who asks again and again for one of these may
   * be given it himself, and be connected to himself.
   */
  private static List<Integer> freePorts() throws IOException {
    List<Integer> free = new ArrayList<>();
    for (int port = 21_000; free.size() < 2; port++) {
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        free.add(socket.getLocalPort());
      } catch (BindException e) {
        if (port == 22_000) {
          throw e;
        }
      }
    }
    return free;
  }

  /** Says one byte to whoever comes. */
  private static ServerSocket server() throws IOException {
    ServerSocket server = new ServerSocket(0, 512, InetAddress.getLoopbackAddress());
    Thread thread =
        new Thread(
            () -> {
              while (!server.isClosed()) {
                try (Socket client = server.accept()) {
                  client.getOutputStream().write('!');
                } catch (IOException e) {
                  // a check's, or a client's that was killed; or it is over
                }
              }
            },
            "server");
    thread.setDaemon(true);
    thread.start();
    return server;
  }

  private String measure(int server, List<String> javas, int rounds)
      throws IOException, InterruptedException {
    Map<Way, List<Start>> starts = new LinkedHashMap<>();
    String versions = "";
    for (String java : javas) {
      Tools tools = Tools.find(java, false);
      versions = tools.versions().replaceFirst(" wrk [^,]*,", "");
      ours(tools, server).forEach(way -> starts.put(way, new ArrayList<>()));
    }
    Tools tools = Tools.find(javas.get(0), false);
    for (Contender peer : List.of(Contender.HAPROXY, Contender.NGINX)) {
      Path own = Files.createDirectory(folder.resolve(peer.name()));
      starts.put(
          new Way(peer.title(), peer.command(own, tools, listen, server), false),
          new ArrayList<>());
    }
    for (int round = 0; round < rounds; round++) {
      for (Map.Entry<Way, List<Start>> way : starts.entrySet()) {
        way.getValue().add(start(way.getKey()));
      }
    }
    return page(starts, versions, rounds);
  }

  private List<Way> ours(Tools tools, int server) throws IOException, InterruptedException {
    String balancer =
        """
        {listeners: {web: {address: "127.0.0.1:%d"}},
         balancers: {web: {servers: ["127.0.0.1:%d"], health: {interval: 1s}}}%s}
        """;
    String more = ", admin: {address: \"127.0.0.1:%d\"}".formatted(admin);
    Path file = folder.resolve("file.yaml");
    Path withAdmin = folder.resolve("admin.yaml");
    Files.writeString(file, balancer.formatted(listen, server, ""));
    Files.writeString(withAdmin, balancer.formatted(listen, server, more));
    Path archive = folder.resolve(tools.javaVersion() + ".jsa");
    Way training =
        new Way("", evenkeel(tools, withAdmin, "-XX:ArchiveClassesAtExit=" + archive), true);
    end(await(training), true);
    String jdk = "JDK " + tools.javaVersion() + ": ";
    String shared = "-XX:SharedArchiveFile=" + archive;
    return List.of(
        new Way(jdk + "options", Contender.EVENKEEL.command(folder, tools, listen, server), false),
        new Way(jdk + "a file", evenkeel(tools, file), false),
        new Way(jdk + "a file, and the admin server", evenkeel(tools, withAdmin), false),
        new Way(jdk + "the same, until the admin server answers", evenkeel(tools, withAdmin), true),
        new Way(
            jdk + "a file, and the admin server, with an archive of classes",
            evenkeel(tools, withAdmin, shared),
            false),
        new Way(
            jdk + "the same, until the admin server answers",
            evenkeel(tools, withAdmin, shared),
            true));
  }

  private static List<String> evenkeel(Tools tools, Path file, String... options) {
    List<String> command = new ArrayList<>(List.of(tools.java()));
    command.addAll(List.of(options));
    command.addAll(List.of("-jar", Tools.EVENKEEL, "run", "--config", file.toString()));
    return command;
  }

  private Start start(Way way) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    Process process = await(way);
    double seconds = (System.nanoTime() - begun) / 1e9;
    double cpuSeconds =
        process.info().totalCpuDuration().orElseThrow().toNanos() / 1e9; // to a hundredth
    end(process, false);
    return new Start(seconds, cpuSeconds);
  }

  /** Started, and it has answered. */
  private Process await(Way way) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(way.command())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("said").toFile())
            .start();
    long begun = System.nanoTime();
    while (!answers(way)) {
      if (!process.isAlive()
          || System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
        end(process, false);
        throw new IOException(way + ": " + Files.readString(folder.resolve("said")));
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
    return process;
  }

  private boolean answers(Way way) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), way.isAdmin() ? admin : listen));
      if (way.isAdmin()) {
        socket.getOutputStream().write(ASK);
      }
      InputStream in = socket.getInputStream();
      return in.read() >= 0;
    } catch (IOException e) {
      return false; // not yet
    }
  }

  private static void end(Process process, boolean gently) throws InterruptedException {
    if (gently) {
      process.destroy();
    } else {
      process.descendants().forEach(ProcessHandle::destroyForcibly); // workers of nginx
      process.destroyForcibly();
    }
    process.waitFor();
  }

  private static String page(Map<Way, List<Start>> starts, String versions, int rounds) {
    StringBuilder page = new StringBuilder();
    page.append("# How long a start takes\n\n```\nmvn package -DskipTests\n");
    page.append("java -cp benchmarks/target/benchmarks.jar io.evenkeel.benchmarks.proxy.StartUp");
    page.append(" --java JAVA17 --java JAVA25\n```\n\n- ").append(Machine.hardware());
    page.append("\n- ").append(versions).append("\n- ").append(LocalDate.now(ZoneOffset.UTC));
    page.append("\n- From the start of the process until a client has got a server's first byte");
    page.append(" through the proxy, or until the admin server answers; ").append(rounds);
    page.append(" starts of each, in turn, files in the page cache. CPU: user and system time of");
    page.append(" the process until then.\n\n");
    page.append("| | median | fastest to slowest | CPU, median |\n|---|---:|---:|---:|\n");
    starts.forEach(
        (way, all) -> {
          List<Double> wall = all.stream().map(Start::seconds).sorted().toList();
          List<Double> cpu = all.stream().map(Start::cpuSeconds).sorted().toList();
          page.append(
              String.format(
                  Locale.ROOT,
                  "| %s | %.3f s | %.3f to %.3f s | %.2f s |\n",
                  way.title(),
                  wall.get(rounds / 2),
                  wall.get(0),
                  wall.get(rounds - 1),
                  cpu.get(rounds / 2)));
        });
    return page.toString();
  }
}
