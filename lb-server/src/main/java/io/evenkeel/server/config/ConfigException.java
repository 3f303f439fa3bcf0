package io.evenkeel.server.config;

import java.util.List;
import java.util.stream.Collectors;

/** A config that cannot be; the message has a line for each problem. */
public final class ConfigException extends Exception {

  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // a list of records; nobody serialises it
  private final List<Problem> problems;

  /** With one problem at least, in the order of the document. */
  public ConfigException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** What is wrong; one at least. */
  public List<Problem> problems() {
    return problems;
  }
}
