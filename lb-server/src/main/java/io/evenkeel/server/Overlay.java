package io.evenkeel.server;

import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ListenerConfig;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/** Tells what a configuration says itself from what lies over it; pure. */
final class Overlay {

  private Overlay() {}

  /**
   * What a configuration that was sent by somebody who sees what is in force would say without what
   * lies over that: component by component, what is sent as it is in force stays as it is said.
   *
   * @param says without what lies over it
   * @param inForce the same with it
   */
  static Config without(Config says, Config inForce, Config sent) {
    Config all = parts(says, inForce, sent);
    return new Config(
        named(says::listener, inForce::listener, sent.listeners(), ListenerConfig::name),
        named(says::balancer, inForce::balancer, sent.balancers(), BalancerConfig::name),
        all.admin(),
        all.drain(),
        all.watch(),
        all.summary());
  }

  private static <T extends Record> List<T> named(
      Function<String, Optional<T>> says,
      Function<String, Optional<T>> inForce,
      List<T> sent,
      Function<T, String> name) {
    List<T> all = new ArrayList<>();
    for (T one : sent) {
      Optional<T> said = says.apply(name.apply(one));
      Optional<T> was = inForce.apply(name.apply(one));
      all.add(said.isPresent() && was.isPresent() ? parts(said.get(), was.get(), one) : one);
    }
    return all;
  }

  private static <T extends Record> T parts(T says, T inForce, T sent) {
    RecordComponent[] components = sent.getClass().getRecordComponents();
    Object[] parts = new Object[components.length];
    try {
      for (int i = 0; i < parts.length; i++) {
        Object is = components[i].getAccessor().invoke(sent);
        boolean isAsInForce = Objects.equals(is, components[i].getAccessor().invoke(inForce));
        parts[i] = isAsInForce ? components[i].getAccessor().invoke(says) : is;
      }
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      @SuppressWarnings("unchecked") // of the class of what was sent
      T whole = (T) sent.getClass().getDeclaredConstructor(types).newInstance(parts);
      return whole;
    } catch (InvocationTargetException e) { // parts of good ones that do not go together
      return sent;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("a public record of ours", e);
    }
  }
}
