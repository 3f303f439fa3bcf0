package io.evenkeel.server;

import io.evenkeel.server.config.ConfigSchema;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code evenkeel schema}: what editors want to know of config files. */
@Command(
    name = "schema",
    mixinStandardHelpOptions = true,
    versionProvider = TopCommand.Version.class,
    description = {
      "Prints a JSON Schema (draft 2020-12) of config files, for editors that check and complete.",
      "",
      "With the YAML extension of VS Code, or yaml-language-server elsewhere, a first line",
      "  # yaml-language-server: $schema=evenkeel.schema.json",
      "in the config file names it."
    },
    footerHeading = "%nExample:%n",
    footer = "  evenkeel schema > evenkeel.schema.json")
final class SchemaCommand implements Callable<Integer> {

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    Objects.requireNonNull(spec).commandLine().getOut().print(ConfigSchema.json());
    spec.commandLine().getOut().flush();
    return 0;
  }
}
