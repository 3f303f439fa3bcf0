package io.evenkeel.server;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code evenkeel} by itself: says what it can do. */
@Command(
    name = "evenkeel",
    mixinStandardHelpOptions = true,
    versionProvider = TopCommand.Version.class,
    description = "Balances TCP connections over several servers, and watches their health.",
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it did what was asked",
      "1:it could not start, or the demo did not hold",
      "2:wrong usage; one line on standard error says what is allowed"
    },
    commandListHeading = "%nCommands:%n",
    footerHeading = "%nTry:%n",
    footer = {
      "  evenkeel demo",
      "  evenkeel run --listen 127.0.0.1:9000 --server 10.0.0.1:80 --server 10.0.0.2:80",
      "  evenkeel run --help"
    })
final class TopCommand implements Callable<Integer> {

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    if (spec != null) {
      spec.commandLine().usage(spec.commandLine().getOut());
    }
    return 0;
  }

  /** From the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = TopCommand.class.getPackage().getImplementationVersion();
      return new String[] {"evenkeel " + (version == null ? "(not from a jar)" : version)};
    }
  }
}
