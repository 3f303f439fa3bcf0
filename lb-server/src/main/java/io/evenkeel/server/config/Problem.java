package io.evenkeel.server.config;

/**
 * One thing that is wrong in a config.
 *
 * @param line from 1; 0 if unknown
 * @param column from 1; 0 if unknown
 * @param path where in the document, as {@code balancers.web.servers[2].weight}; empty for the
 *     document
 * @param message what is wrong and what is expected, in one line: {@code '-1' (expected: 0 to
 *     1000000)}
 */
public record Problem(int line, int column, String path, String message) {

  @Override
  public String toString() {
    String where = line > 0 ? "line " + line + ", column " + column + ": " : "";
    return where + (path.isEmpty() ? "" : path + ": ") + message;
  }
}
