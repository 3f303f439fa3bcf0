package io.evenkeel.server.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What may stand behind a key: how it is read, described and written. The one description from
 * which the reader, the JSON Schema, the table of the docs and the writer are made, so that they
 * cannot differ.
 */
interface Type<T> {

  /**
   * What the value means.
   *
   * @param path the value's
   * @return null if it is none; then {@code reading} has a problem more
   */
  @Nullable T read(Value value, String path, Reading reading);

  /** The JSON Schema of what {@link #read} takes, as far as a schema can say it. */
  Map<String, Object> schema();

  /** The types that it is made of, by what stands behind its key's path; for the docs. */
  default Map<String, Type<?>> parts() {
    return Map.of();
  }

  /** What is allowed, in a few words, for messages and docs. */
  String expected();

  /**
   * As a document has it: a {@link Tree}, List, String, Number or Boolean; null to leave it out.
   */
  @Nullable Object write(T value);
}
