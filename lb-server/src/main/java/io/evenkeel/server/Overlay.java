package io.evenkeel.server;

import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ListenerConfig;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What somebody changes who is shown a configuration and sends it back altered, as another one:
 * what is sent as it was shown is no change. Component by component, those of components among
 * them; a map's entries one by one; lists but those of listeners and balancers as a whole. Pure.
 *
 * @param shown what its sender has seen
 * @param sent what came back
 */
record Overlay(Config shown, Config sent) {

  /**
   * A configuration with these changes.
   *
   * @param base any, as what a file says without what lies over it
   */
  Config over(Config base) {
    return with(base, sent);
  }

  /** A configuration that has, of all that is changed, what was shown. */
  Config before(Config base) {
    return with(base, shown);
  }

  private Config with(Config base, Config from) {
    Config all = parts(base, shown, sent, from);
    return new Config(
        named(
            base::listener,
            shown::listener,
            sent::listener,
            from.listeners(),
            ListenerConfig::name),
        named(
            base::balancer,
            shown::balancer,
            sent::balancer,
            from.balancers(),
            BalancerConfig::name),
        all.admin(),
        all.drain(),
        all.watch(),
        all.summary());
  }

  private static <T extends Record> List<T> named(
      Function<String, Optional<T>> base,
      Function<String, Optional<T>> shown,
      Function<String, Optional<T>> sent,
      List<T> from,
      Function<T, String> name) {
    List<T> all = new ArrayList<>();
    for (T one : from) {
      Optional<T> is = base.apply(name.apply(one));
      Optional<T> was = shown.apply(name.apply(one));
      Optional<T> next = sent.apply(name.apply(one));
      boolean isAltered = is.isPresent() && was.isPresent() && next.isPresent();
      all.add(isAltered ? parts(is.get(), was.get(), next.get(), one) : one);
    }
    return all;
  }

  /** The base's where nothing is altered, else from there. */
  private static @Nullable Object part(
      @Nullable Object base, @Nullable Object shown, @Nullable Object sent, @Nullable Object from) {
    if (Objects.equals(shown, sent)) {
      return base;
    }
    if (base instanceof Record is
        && shown instanceof Record was
        && sent instanceof Record next
        && from instanceof Record then
        && is.getClass() == was.getClass()
        && was.getClass() == next.getClass()) {
      return parts(is, was, next, then);
    }
    if (base instanceof Map<?, ?> is
        && shown instanceof Map<?, ?> was
        && sent instanceof Map<?, ?> next
        && from instanceof Map<?, ?> then) {
      Map<Object, Object> entries = new LinkedHashMap<>(is);
      List<Object> keys = new ArrayList<>(was.keySet());
      keys.addAll(next.keySet());
      for (Object key : keys) {
        if (!Objects.equals(was.get(key), next.get(key))) {
          entries.remove(key);
          if (then.containsKey(key)) {
            entries.put(key, then.get(key));
          }
        }
      }
      return entries;
    }
    return from;
  }

  private static <T extends Record> T parts(T base, T shown, T sent, T from) {
    RecordComponent[] components = sent.getClass().getRecordComponents();
    Object[] parts = new Object[components.length];
    try {
      for (int i = 0; i < parts.length; i++) {
        parts[i] =
            part(
                components[i].getAccessor().invoke(base),
                components[i].getAccessor().invoke(shown),
                components[i].getAccessor().invoke(sent),
                components[i].getAccessor().invoke(from));
      }
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      @SuppressWarnings("unchecked") // of the class of what was sent
      T whole = (T) sent.getClass().getDeclaredConstructor(types).newInstance(parts);
      return whole;
    } catch (InvocationTargetException e) { // parts of good ones that do not go together
      return from;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("a public record of ours", e);
    }
  }
}
