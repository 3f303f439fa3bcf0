package io.evenkeel.server;

import io.evenkeel.server.config.Durations;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code evenkeel run}: balances until a signal ends it. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    versionProvider = TopCommand.Version.class,
    sortOptions = false,
    customSynopsis = {
      "evenkeel run --config FILE [OPTIONS]",
      "       evenkeel run --listen HOST:PORT (--server HOST:PORT... | --server-file FILE | --dns-srv NAME) [OPTIONS]"
    },
    description = {
      "Listens, and balances the TCP connections over the servers: what, says a config file, or"
          + " options, for one address.",
      "",
      "Prints a line on standard output when it accepts connections, and logs to standard error."
          + " SIGTERM and SIGINT (Ctrl-C) drain: nothing new is accepted, open connections may"
          + " finish for as long as --drain says, the rest is cut. SIGHUP reads the config file"
          + " again and changes what it says anew; open connections go on. A file that is not good"
          + " changes nothing, and the log says why.",
      "",
      "Durations are written 500ms, 5s, 2m or 1h.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:drained and stopped",
      "1:could not start: the address is taken, a host does not resolve, a file cannot be read or"
          + " is not good",
      "2:wrong usage; one line on standard error says what is allowed"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  evenkeel run --config /etc/evenkeel/evenkeel.yaml",
      "  evenkeel run --listen 127.0.0.1:9000 --server 10.0.0.1:80 --server 10.0.0.2:80",
      "  evenkeel run --listen 0.0.0.0:6379 --selector least_connections \\",
      "      --server db1:6379,weight=3 --server db2:6379,tier=1,id=backup",
      "  evenkeel run --listen 0.0.0.0:9000 --server-file servers.yaml",
      "  evenkeel run --listen 0.0.0.0:9000 --dns-srv _http._tcp.orders.shop.svc.cluster.local"
    })
final class RunCommand implements Callable<Integer> {

  @Spec private @Nullable CommandSpec spec;

  @Mixin private RunOptions options = new RunOptions();

  @Override
  public Integer call() throws StartFailure, InterruptedException {
    CommandLine commandLine = Objects.requireNonNull(spec).commandLine();
    try {
      options.checkTogether();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(commandLine, String.valueOf(e.getMessage()), e);
    }
    Logging.configure("info");
    Control control = new Control(options);
    if (options.config != null) { // first: a signal that comes meanwhile waits for the start
      boolean unused = Hangup.handle(control::hangUp);
    }
    control.start();
    PrintWriter out = commandLine.getOut();
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> drainAndHalt(control, out), "evenkeel-drain"));
    control.running().welcome().forEach(line -> say(out, line));
    new CountDownLatch(1).await(); // for ever: the process ends by a signal, or by the API
    return 0;
  }

  /** On the shutdown hook's thread, once. */
  private static void drainAndHalt(Control control, PrintWriter out) {
    int status = 1;
    try {
      Running running = control.running();
      Duration drain = control.drain();
      int open = running.openRelays();
      if (open > 0) {
        say(out, "draining " + count(open, "relay") + " for up to " + Durations.format(drain));
      }
      int cut = running.shutdown(drain);
      say(out, cut == 0 ? "stopped" : "stopped, " + count(cut, "relay") + " cut");
      status = 0;
    } finally {
      Runtime.getRuntime().halt(status);
    }
  }

  private static void say(PrintWriter out, String what) {
    out.println("evenkeel: " + what);
    out.flush();
  }

  static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }
}
