package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** The server that replies: nginx with one worker. Each proxy has a port of its own. */
final class Backend {

  private Backend() {}

  static void start(Session session, Tools tools, List<Integer> ports)
      throws IOException, InterruptedException {
    Path directory = session.newDirectory("backend");
    Files.writeString(directory.resolve("10k"), "x".repeat(10_000));
    Files.writeString(directory.resolve("1m"), "x".repeat(1 << 20));
    String configuration =
        """
        http {
          access_log off;
          sendfile on;
          tcp_nopush on;
          open_file_cache max=10;
          keepalive_requests 1000000000;
          keepalive_timeout 1h;
          client_body_temp_path %1$s;
          proxy_temp_path %1$s;
          fastcgi_temp_path %1$s;
          uwsgi_temp_path %1$s;
          scgi_temp_path %1$s;
          server {
            %2$s
            root %3$s;
            location = /100 { return 200 %4$s; }
          }
        }
        """
            .formatted(
                directory.resolve("temp"),
                ports.stream()
                    .map(port -> "listen 127.0.0.1:" + port + " backlog=4096;")
                    .collect(Collectors.joining(" ")),
                directory,
                "x".repeat(100));
    Running.start(
        session,
        directory,
        Contender.nginx(directory, tools, "", configuration),
        ports.get(ports.size() - 1));
  }
}
