package io.evenkeel.server;

import picocli.CommandLine;

/** The program {@code evenkeel}. Exit codes: 0 done, 1 could not start or failed, 2 wrong usage. */
public final class Main {

  private Main() {}

  /** Runs the program and ends the process. */
  public static void main(String[] args) {
    int status;
    try {
      status = commandLine().execute(args);
    } catch (Throwable e) { // an Error, as when memory or descriptors are short
      System.err.println("evenkeel: could not start: " + e);
      status = CommandLine.ExitCode.SOFTWARE;
    }
    System.exit(status);
  }

  static CommandLine commandLine() {
    Complaints complaints = new Complaints();
    return new CommandLine(new TopCommand())
        .setExpandAtFiles(false)
        .setParameterExceptionHandler(complaints)
        .setExecutionExceptionHandler(complaints);
  }
}
