package io.evenkeel.health;

import io.evenkeel.core.BlockOwner;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the owner of a block has warned of, so that it says so once. In serial tasks only. */
final class OwnWarnings {

  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  private final BlockOwner owner;
  private final Set<String> warned = new HashSet<>();

  OwnWarnings(BlockOwner owner) {
    this.owner = owner;
  }

  /** Warns or takes that back, if it is news. */
  void set(String name, boolean isSo, Supplier<String> text) {
    try {
      if (isSo && warned.add(name)) {
        owner.warn(name, text.get());
      } else if (!isSo && warned.remove(name)) {
        owner.withdraw(name);
      }
    } catch (IllegalStateException e) {
      log.debug("closed meanwhile", e);
    }
  }
}
