package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.server.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** What {@code evenkeel run --config FILE} runs, in this process, with its file. */
final class Program implements AutoCloseable {

  private final Path file;
  private final Control control;

  private Program(Path file, RunOptions options) throws StartFailure {
    this.file = file;
    options.config = file;
    control = new Control(options);
    control.start();
  }

  static Program start(Path folder, String... yaml) throws Exception {
    return start(folder, new RunOptions(), yaml);
  }

  static Program start(Path folder, RunOptions options, String... yaml) throws Exception {
    Path file = folder.resolve("evenkeel.yaml");
    return new Program(Files.writeString(file, text(yaml)), options);
  }

  static String text(String... lines) {
    return String.join("\n", lines) + "\n";
  }

  Path file() {
    return file;
  }

  Control control() {
    return control;
  }

  String content() throws IOException {
    return Files.readString(file);
  }

  /** Puts another file in its place, as editors and deployments do. */
  void write(String... yaml) throws IOException {
    Path beside = Files.writeString(file.resolveSibling("beside"), text(yaml));
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  List<String> reload(String... yaml) throws IOException, ConfigException {
    write(yaml);
    return control.reload("test");
  }

  HostPort address(String listener) {
    return control.running().listeners().stream()
        .filter(one -> one.name().equals(listener))
        .findFirst()
        .orElseThrow()
        .localAddress();
  }

  LoadBalancer balancer(String name) {
    return control.running().balancer(name).balancer();
  }

  List<Server> servers(String balancer) {
    return balancer(balancer).nodes().stream().map(node -> node.server()).toList();
  }

  List<String> ids(String balancer) {
    return servers(balancer).stream().map(Server::id).toList();
  }

  @Override
  public void close() {
    control.close();
  }
}
