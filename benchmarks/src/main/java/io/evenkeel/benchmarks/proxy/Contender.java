package io.evenkeel.benchmarks.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who is measured, and how it is run in front of one server: one worker or event loop, no access
 * log, Evenkeel's default timeouts for all.
 */
enum Contender {
  EVENKEEL("Evenkeel", ""),
  HAPROXY("HAProxy", ""),
  HAPROXY_SPLICE("HAProxy, splicing", "option splice-request\n  option splice-response"),
  HAPROXY_64K("HAProxy, 64 KiB", "tune.bufsize 65536"),
  NGINX("nginx", ""),
  NGINX_64K("nginx, 64 KiB", "proxy_buffer_size 64k;");

  private final String title;
  private final String option;

  Contender(String title, String option) {
    this.title = title;
    this.option = option;
  }

  String title() {
    return title;
  }

  boolean isOurs() {
    return this == EVENKEEL;
  }

  /** Whether it is one that the bar of bulk transfers goes by. */
  boolean has64KiB() {
    return this == HAPROXY_64K || this == NGINX_64K;
  }

  /** Writes its configuration, and says how it is started. */
  List<String> command(Path directory, Tools tools, int listen, int server, String... javaOptions)
      throws IOException {
    return switch (this) {
      case EVENKEEL -> evenkeel(tools, listen, server, javaOptions);
      case HAPROXY, HAPROXY_SPLICE, HAPROXY_64K -> haproxy(directory, tools, listen, server);
      case NGINX, NGINX_64K -> nginx(directory, tools, listen, server);
    };
  }

  private static List<String> evenkeel(Tools tools, int listen, int server, String... javaOptions) {
    List<String> command = new ArrayList<>();
    command.add(tools.java());
    command.addAll(List.of(javaOptions));
    command.addAll(List.of("-jar", Tools.EVENKEEL, "run", "--event-loops", "1"));
    command.addAll(List.of("--listen", "127.0.0.1:" + listen, "--server", "127.0.0.1:" + server));
    return command;
  }

  private List<String> haproxy(Path directory, Tools tools, int listen, int server)
      throws IOException {
    // Pipes and connections together must stay below 20,000 descriptors.
    Path file = directory.resolve("haproxy.cfg");
    Files.writeString(
        file,
        """
        global
          nbthread 1
          maxconn 9300
          maxpipes 300
          %s
        defaults
          mode tcp
          timeout connect 5s
          timeout client 60s
          timeout server 60s
        listen proxy
          bind 127.0.0.1:%d
          server s 127.0.0.1:%d
          %s
        """
            .formatted(
                option.startsWith("tune") ? option : "",
                listen,
                server,
                option.startsWith("option") ? option : ""));
    return List.of(tools.haproxy(), "-db", "-f", file.toString());
  }

  private List<String> nginx(Path directory, Tools tools, int listen, int server)
      throws IOException {
    String configuration =
        """
        stream {
          access_log off;
          proxy_connect_timeout 5s;
          proxy_timeout 60s;
          %s
          server {
            listen 127.0.0.1:%d;
            proxy_pass 127.0.0.1:%d;
          }
        }
        """
            .formatted(option, listen, server);
    return nginx(directory, tools, tools.loadStream(), configuration);
  }

  /** Writes a configuration of one worker, and says how nginx is started with it. */
  static List<String> nginx(Path directory, Tools tools, String load, String configuration)
      throws IOException {
    Path file = directory.resolve("nginx.conf");
    String log = directory.resolve("nginx-errors").toString();
    Files.writeString(
        file,
        """
        %s
        daemon off;
        user %s;
        worker_processes 1;
        pid %s;
        error_log %s crit;
        events { worker_connections 20000; }
        %s"""
            .formatted(
                load,
                System.getProperty("user.name"),
                directory.resolve("pid"),
                log,
                configuration));
    return List.of(tools.nginx(), "-p", directory.toString(), "-e", log, "-c", file.toString());
  }
}
