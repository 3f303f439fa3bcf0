package io.evenkeel.pool;

import io.evenkeel.core.VirtualTime;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ScheduledExecutorService;

/** Virtual time that does something else first whenever a task is scheduled, throwing included. */
final class HookedScheduler {

  private HookedScheduler() {}

  /** Runs the next of these, if there is one, before each {@code schedule}. */
  static ScheduledExecutorService of(VirtualTime time, Deque<Runnable> hooks) {
    return (ScheduledExecutorService)
        Proxy.newProxyInstance(
            HookedScheduler.class.getClassLoader(),
            new Class<?>[] {ScheduledExecutorService.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("schedule")) {
                Runnable hook = hooks.poll();
                if (hook != null) {
                  hook.run();
                }
              }
              try {
                return method.invoke(time, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  static Deque<Runnable> hooks() {
    return new ArrayDeque<>();
  }
}
