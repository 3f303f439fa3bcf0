package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import org.junit.jupiter.api.Test;

/** The core works without its optional dependency, and says what is missing where it is needed. */
class WithoutDnsjavaTest {

  /** Loads our classes anew, and knows no dnsjava. */
  private static final class Loader extends ClassLoader {
    Loader() {
      super(WithoutDnsjavaTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("org.xbill.")) {
        throw new ClassNotFoundException(name);
      }
      if (!name.startsWith("io.evenkeel.core.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  /** Run inside that loader. */
  public static final class Inside {
    private Inside() {}

    public static String other() {
      try (LoadBalancer balancer =
          LoadBalancer.builder().source(ServerSource.of(Server.of("a", 80))).build()) {
        return balancer.acquire().server().id();
      }
    }

    public static void srv() {
      LoadBalancer.builder().source(DnsSource.srv("_a._tcp.example.com")).build();
    }
  }

  @Test
  void srv_saysWhichArtifactIsMissing_allElseWorks() throws Exception {
    Class<?> inside = new Loader().loadClass(Inside.class.getName());
    assertThat(inside).isNotSameAs(Inside.class);
    assertThat(inside.getMethod("other").invoke(null)).isEqualTo("a:80");
    assertThatThrownBy(() -> inside.getMethod("srv").invoke(null))
        .isInstanceOf(InvocationTargetException.class)
        .cause()
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "DNS SRV of '_a._tcp.example.com': dnsjava is not there"
                + " (expected: dnsjava:dnsjava:3.6.4 on the class path)");
  }
}
