package io.evenkeel.server;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SIGHUP, by {@code sun.misc.Signal}: the JDK has no other way to hear of a signal. By reflection,
 * since it is in {@code jdk.unsupported}, whose use javac warns of in a way that nothing silences;
 * so a platform without it, or without the signal, only lacks this way to reload.
 */
final class Hangup {

  private static final Logger log = LoggerFactory.getLogger(Hangup.class);

  private Hangup() {}

  /**
   * Runs this on each SIGHUP from now on, on a thread of the JVM's, instead of ending the process.
   * Not where the process was started with the signal ignored, as by nohup.
   *
   * @return whether it will
   */
  static boolean handle(Runnable task) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object handling =
          Proxy.newProxyInstance(
              Hangup.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) -> {
                if (method.getName().equals("handle")) {
                  task.run();
                }
                return null;
              });
      Object hangup = signal.getConstructor(String.class).newInstance("HUP");
      Object unused = signal.getMethod("handle", signal, handler).invoke(null, hangup, handling);
      return true;
    } catch (InvocationTargetException e) { // Windows has no such signal; -Xrs keeps it
      log.debug("no SIGHUP here", e);
      return false;
    } catch (ReflectiveOperationException e) {
      log.debug("no way to hear of SIGHUP here", e);
      return false;
    }
  }
}
