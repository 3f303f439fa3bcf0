package io.evenkeel.pool;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is to be done once a lock is free, in order. Of one thread. */
final class Later {

  private @Nullable List<Runnable> tasks;

  void add(Runnable task) {
    if (tasks == null) {
      tasks = new ArrayList<>(2);
    }
    tasks.add(task);
  }

  void run() {
    if (tasks != null) {
      tasks.forEach(Runnable::run);
    }
  }
}
