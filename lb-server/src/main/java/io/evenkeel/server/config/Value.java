package io.evenkeel.server.config;

import java.util.List;
import java.util.Map;

/** One value of a document, and where it stands. Immutable. */
sealed interface Value {

  /**
   * Where something stands.
   *
   * @param line from 1
   * @param column from 1
   * @param start the first character's index in the text
   * @param end the index behind the last one
   */
  record Place(int line, int column, int start, int end) {}

  Place place();

  /** What kind of scalar. */
  enum Kind {
    TEXT,
    NUMBER,
    BOOLEAN,
    /** {@code null}, or nothing at all. */
    NOTHING
  }

  /** A value without parts; its text is as written, without quotes. */
  record Scalar(Place place, Kind kind, String text) implements Value {}

  /** A list. */
  record Items(Place place, List<Value> values) implements Value {}

  /** A key's place, and its value. */
  record Entry(Place key, Value value) {}

  /** An object, in the order of the document. */
  record Entries(Place place, Map<String, Entry> values) implements Value {}
}
