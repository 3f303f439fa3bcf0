package io.evenkeel.server;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;

/** The program {@code evenkeel}. Exit codes: 0 done, 1 could not start or failed, 2 wrong usage. */
public final class Main {

  private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("run", RunCommand::new);
    COMMANDS.put("check", CheckCommand::new);
    COMMANDS.put("schema", SchemaCommand::new);
    COMMANDS.put("demo", DemoCommand::new);
  }

  private Main() {}

  /** Runs the program and ends the process. */
  public static void main(String[] args) {
    int status;
    try {
      status = commandLine(args).execute(args);
    } catch (Throwable e) { // an Error, as when memory or descriptors are short
      System.err.println("evenkeel: could not start: " + e);
      status = CommandLine.ExitCode.SOFTWARE;
    }
    System.exit(status);
  }

  /**
   * What understands these arguments. Where the first one is a command, it knows no other: to read
   * what all of them say of themselves takes a good part of a start.
   */
  static CommandLine commandLine(String... args) {
    CommandLine top = new CommandLine(new TopCommand());
    String named = args.length > 0 && COMMANDS.containsKey(args[0]) ? args[0] : null;
    COMMANDS.forEach(
        (name, command) -> {
          if (named == null || name.equals(named)) {
            top.addSubcommand(command.get());
          }
        });
    if (named == null) {
      top.addSubcommand(new CommandLine.HelpCommand());
    }
    Complaints complaints = new Complaints();
    return top.setExpandAtFiles(false)
        .setParameterExceptionHandler(complaints)
        .setExecutionExceptionHandler(complaints);
  }
}
