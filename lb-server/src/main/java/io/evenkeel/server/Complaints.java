package io.evenkeel.server;

import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Says what was wrong in one line on standard error, or one for each problem of a file: the option
 * or the place, what it was given, what is allowed. Exit code 2 for what was asked wrongly, 1 for
 * what could not be done.
 */
final class Complaints implements IParameterExceptionHandler, IExecutionExceptionHandler {

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    complain(e.getCommandLine(), describe(e));
    return ExitCode.USAGE;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    if (e instanceof StartFailure) {
      String.valueOf(e.getMessage()).lines().forEach(line -> complain(command, line));
    } else {
      complain(command, "internal error: " + e);
      LoggerFactory.getLogger(Complaints.class).debug("internal error", e);
    }
    return ExitCode.SOFTWARE;
  }

  /** What is wrong, without the program's name. */
  static String describe(ParameterException e) {
    String message = String.valueOf(e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched) {
      return describeUnmatched(unmatched);
    }
    if (e instanceof MissingParameterException missing && !missing.getMissing().isEmpty()) {
      List<ArgSpec> args = missing.getMissing();
      String labels =
          args.stream()
              .map(arg -> name(arg) + " " + arg.paramLabel())
              .collect(Collectors.joining(" "));
      return names(args) + ": missing (expected: " + labels + ")";
    }
    if (e instanceof OverwrittenOptionException twice) {
      return name(twice.getOverwritten()) + ": given twice (expected: once)";
    }
    ArgSpec arg = e.getArgSpec();
    if (arg == null) {
      return message;
    }
    Throwable cause = e.getCause();
    return name(arg)
        + ": "
        + (cause instanceof TypeConversionException ? cause.getMessage() : message);
  }

  private static String describeUnmatched(UnmatchedArgumentException e) {
    String argument = e.getUnmatched().get(0);
    List<String> guesses = e.getSuggestions();
    CommandLine command = e.getCommandLine();
    if (!argument.startsWith("-") && !command.getSubcommands().isEmpty()) {
      String commands = String.join(", ", command.getSubcommands().keySet());
      return "'" + argument + "': unknown command (expected: " + commands + ")";
    }
    String hint =
        guesses.isEmpty()
            ? "see '" + command.getCommandSpec().qualifiedName() + " --help'"
            : "did you mean " + String.join(" or ", guesses) + "?";
    return argument.startsWith("-")
        ? argument + ": unknown option (" + hint + ")"
        : "'" + argument + "': unexpected argument (" + hint + ")";
  }

  private static String names(List<ArgSpec> args) {
    return args.stream().map(Complaints::name).collect(Collectors.joining(", "));
  }

  private static String name(ArgSpec arg) {
    return arg instanceof OptionSpec option ? option.longestName() : arg.paramLabel();
  }

  private static void complain(CommandLine command, String what) {
    command.getErr().println("evenkeel: " + what.replaceAll("\\p{Cntrl}", "?"));
    command.getErr().flush();
  }
}
