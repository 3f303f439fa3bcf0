package io.evenkeel.server.config;

import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A key of an object: what may stand there, what it means, and where it is in the value made of it.
 *
 * @param <R> what is made of the object
 * @param <T> what is made of the key's value
 * @param byDefault null if the key must be there
 * @param defaultText the default in words, where that says more than the value; null if not
 */
record Key<R, T>(
    String name,
    Type<T> type,
    Function<R, T> getter,
    @Nullable T byDefault,
    @Nullable String defaultText,
    String description) {

  /** A key that must be there. */
  static <R, T> Key<R, T> required(
      String name, Type<T> type, Function<R, T> getter, String description) {
    return new Key<>(name, type, getter, null, null, description);
  }

  static <R, T> Key<R, T> of(
      String name, Type<T> type, Function<R, T> getter, T byDefault, String description) {
    return new Key<>(name, type, getter, byDefault, null, description);
  }

  /** A key without which something is not there, or is derived from others. */
  static <R, T> Key<R, Optional<T>> optional(
      String name,
      Type<T> type,
      Function<R, Optional<T>> getter,
      String defaultText,
      String description) {
    return new Key<>(
        name, Types.optional(type), getter, Optional.empty(), defaultText, description);
  }

  boolean isRequired() {
    return byDefault == null;
  }

  /** For docs and the schema. */
  String shownDefault() {
    if (defaultText != null) {
      return defaultText;
    }
    return byDefault == null ? "" : Trees.flow(type.write(byDefault));
  }

  void write(R whole, Tree tree) {
    T value = getter.apply(whole);
    Object written = type.write(value);
    if (written == null) {
      return;
    }
    tree.put(name, written);
    if (value.equals(byDefault)) {
      tree.leaveOut(name);
    }
  }
}
