package io.evenkeel.core;

import org.jspecify.annotations.Nullable;

/**
 * What {@link LoadBalancer#call} does with the server that it picked.
 *
 * @param <T> what the server answers
 * @param <X> what it may throw; a lambda that throws several kinds of checked exceptions has their
 *     common supertype
 */
@FunctionalInterface
public interface ServerFunction<T extends @Nullable Object, X extends Exception> {

  /**
   * Asks one server, once.
   *
   * @return the answer; may be null
   * @throws X if that went wrong
   */
  T apply(Server server) throws X;
}
