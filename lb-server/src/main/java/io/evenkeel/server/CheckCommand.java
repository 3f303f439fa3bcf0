package io.evenkeel.server;

import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ConfigFile;
import io.evenkeel.server.config.Problem;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code evenkeel check}: everything that is wrong with a config file, without starting it. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    versionProvider = TopCommand.Version.class,
    description = {
      "Reads a config file as 'run --config' does, and prints every problem on standard error as"
          + " FILE:LINE:COLUMN: PATH: what is wrong (expected: what is allowed).",
      "",
      "Names are not looked up and nothing is connected to."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it is good; one line on standard output sums it up",
      "1:the file cannot be read",
      "2:something is wrong in it"
    },
    footerHeading = "%nExample:%n",
    footer = "  evenkeel check evenkeel.yaml")
final class CheckCommand implements Callable<Integer> {

  @Spec private @Nullable CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "YAML, or JSON if its name ends in .json.")
  private Path file = Path.of("");

  @Override
  public Integer call() throws StartFailure {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    try {
      Config config = ConfigFile.read(file);
      for (BalancerConfig balancer : config.balancers()) {
        boolean isUsed =
            config.listeners().stream().anyMatch(one -> one.balancer().equals(balancer.name()));
        if (!isUsed) {
          out.println(file + ": balancers." + balancer.name() + ": note: no listener uses it");
        }
      }
      out.println(file + ": good: " + summary(config));
      out.flush();
      return ExitCode.OK;
    } catch (ConfigException e) {
      PrintWriter err = spec.commandLine().getErr();
      for (Problem problem : e.problems()) {
        err.println(line(problem));
      }
      err.flush();
      return ExitCode.USAGE;
    } catch (NoSuchFileException e) {
      throw new StartFailure("'" + file + "' is not there (expected: a file that can be read)", e);
    } catch (AccessDeniedException e) {
      throw new StartFailure(
          "'" + file + "': access denied (expected: a file that can be read)", e);
    } catch (IOException e) {
      throw new StartFailure("'" + file + "' cannot be read: " + e.getMessage(), e);
    }
  }

  /** As compilers do, so that editors find the place. */
  private String line(Problem problem) {
    String place = problem.line() > 0 ? ":" + problem.line() + ":" + problem.column() : "";
    String path = problem.path().isEmpty() ? "" : problem.path() + ": ";
    return file + place + ": " + path + problem.message();
  }

  private static String summary(Config config) {
    int servers = config.balancers().stream().mapToInt(one -> one.servers().size()).sum();
    return count(config.listeners().size(), "listener")
        + ", "
        + count(config.balancers().size(), "balancer")
        + ", "
        + count(servers, "server")
        + (config.balancers().stream().anyMatch(one -> one.discovery() != null)
            ? " and those that are found"
            : "");
  }

  private static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }
}
