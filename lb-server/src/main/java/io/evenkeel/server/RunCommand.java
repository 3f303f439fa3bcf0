package io.evenkeel.server;

import java.util.Objects;
import java.util.concurrent.Callable;
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
    showDefaultValues = true,
    sortOptions = false,
    customSynopsis =
        "evenkeel run --listen HOST:PORT (--server HOST:PORT... | --server-file FILE | --dns-srv NAME) [OPTIONS]",
    description = {
      "Listens on one address and balances the TCP connections over the servers.",
      "",
      "Prints a line on standard output when it accepts connections, and logs to standard error."
          + " SIGTERM and SIGINT (Ctrl-C) drain: nothing new is accepted, open connections may"
          + " finish for as long as --drain says, the rest is cut.",
      "",
      "Durations are written 500ms, 5s, 2m or 1h.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:drained and stopped",
      "1:could not start: the address is taken, a host does not resolve, a file cannot be read",
      "2:wrong usage; one line on standard error says what is allowed"
    },
    footerHeading = "%nExamples:%n",
    footer = {
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
    RunningBalancer.start(options, commandLine.getOut()).serveUntilSignal();
    return 0;
  }
}
