package io.evenkeel.server.config;

import io.evenkeel.core.HostPort;
import io.evenkeel.server.config.Value.Place;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What goes along while a document is read: what is wrong so far, and where files are. */
final class Reading {

  /** More than anyone mends at a time; what a hostile document can fill memory with is bounded. */
  private static final int MOST_PROBLEMS = 100;

  private static final int LONGEST_SHOWN = 80;

  private final List<Problem> problems = new ArrayList<>();
  private int unsaid;

  final @Nullable Path folder;
  final @Nullable Config inForce;
  final UnaryOperator<@Nullable String> environment;

  /** The names of all balancers of the document, whether they are right or not. */
  Collection<String> balancers = List.of();

  private final Map<HostPort, String> listening = new LinkedHashMap<>();

  Reading(
      @Nullable Path folder,
      @Nullable Config inForce,
      UnaryOperator<@Nullable String> environment) {
    this.folder = folder;
    this.inForce = inForce;
    this.environment = environment;
  }

  void problem(Place place, String path, String message) {
    if (problems.size() == MOST_PROBLEMS) {
      unsaid++;
      return;
    }
    problems.add(new Problem(place.line(), place.column(), shown(path), oneLine(message)));
  }

  /** Complains if somebody else listens on that address already. */
  void listens(HostPort address, Shape.Fields fields, String path) {
    listening.forEach(
        (other, otherPath) -> {
          boolean isSame =
              other.host().equals(address.host()) || isEverywhere(other) || isEverywhere(address);
          if (isSame && other.port() == address.port() && address.port() != 0) {
            fields.problem(
                "address",
                "'"
                    + address
                    + "' (expected: an address of its own; "
                    + otherPath
                    + " has "
                    + other
                    + ")");
          }
        });
    listening.put(address, path);
  }

  private static boolean isEverywhere(HostPort address) {
    return address.host().equals("0.0.0.0") || address.host().equals("::");
  }

  boolean hasProblems() {
    return !problems.isEmpty();
  }

  /** With all problems, in the order of the document. */
  ConfigException exception() {
    List<Problem> sorted = new ArrayList<>(problems);
    sorted.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
    if (unsaid > 0) {
      Problem last = sorted.get(sorted.size() - 1);
      sorted.add(new Problem(last.line(), last.column(), "", "and " + unsaid + " problems more"));
    }
    return new ConfigException(sorted);
  }

  /** A file beside the config file. */
  Path resolve(Path file) {
    return folder == null ? file : folder.resolve(file);
  }

  /** A text of the document in a message: short. */
  static String shown(String text) {
    return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "...";
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\p{Cntrl}", "?");
  }

  static String child(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}
