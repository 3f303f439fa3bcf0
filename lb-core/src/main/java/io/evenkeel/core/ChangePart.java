package io.evenkeel.core;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a change that may be of several balancers does to one of them, and how such parts become one
 * change. All locks are taken, in one order for all threads, so that no two wait for each other;
 * all parts are worked out, which is all that may fail; then all are committed. A pick between two
 * commits finds one balancer changed and another not yet: picks take no lock. Listeners hear of it
 * when no lock is held any more.
 */
final class ChangePart {

  private final ControlPlane control;
  private final @Nullable Map<String, Server> servers;
  private final UnaryOperator<Snapshot.Recipe> settings;
  private final boolean isOtherSource;
  private final @Nullable Discovery next;

  private ControlPlane.@Nullable Staged staged;

  private boolean isCommitted;

  /** The source that is to be closed. */
  private @Nullable Discovery left;

  /**
   * Nothing is done yet.
   *
   * @param servers null for those of now
   * @param settings from those of now to those that are to be
   * @param isOtherSource whether the next source, or none, takes the place of that of now
   * @param next its lists are held
   */
  ChangePart(
      ControlPlane control,
      @Nullable Map<String, Server> servers,
      UnaryOperator<Snapshot.Recipe> settings,
      boolean isOtherSource,
      @Nullable Discovery next) {
    this.control = control;
    this.servers = servers;
    this.settings = settings;
    this.isOtherSource = isOtherSource;
    this.next = next;
  }

  /**
   * Makes them one change, of a balancer each.
   *
   * @return whether that changed anything
   * @throws RuntimeException if a part cannot be made; nothing has changed then
   */
  static boolean applyAll(List<ChangePart> parts) {
    List<ChangePart> ordered = new ArrayList<>(parts);
    ordered.sort(Comparator.comparingLong(part -> part.control.number()));
    List<ChangePart> locked = new ArrayList<>();
    boolean changed = false;
    try {
      for (ChangePart part : parts) {
        part.beginSource();
      }
      for (ChangePart part : ordered) {
        part.control.lock();
        locked.add(part);
      }
      for (ChangePart part : ordered) {
        part.stage();
      }
      for (ChangePart part : ordered) {
        changed |= part.commit();
      }
    } finally {
      // Also what was committed before an Error: it is in force, and stays so.
      locked.forEach(ChangePart::giveBackUnlessCommitted);
      locked.forEach(part -> part.control.unlock());
      locked.forEach(part -> part.control.tell());
      ordered.forEach(ChangePart::finish);
    }
    return changed;
  }

  /** Its lists are held. */
  private void beginSource() {
    if (next != null) {
      next.start();
    }
  }

  private void stage() {
    if (isOtherSource) {
      control.source().requireOpen();
    }
    Map<String, Server> list = next == null ? null : next.release();
    Map<String, Server> wanted = list == null ? servers : list;
    staged =
        control.stage(
            wanted == null ? control.serversById() : wanted, settings.apply(control.recipe()));
  }

  private boolean commit() {
    ControlPlane.Staged made = Objects.requireNonNull(staged);
    isCommitted = true;
    made.commit();
    if (isOtherSource) {
      Discovery before = control.source().replace(next);
      left = before;
      control.events().log(() -> ChangeLog.source(before, next));
    }
    return made.isNews() || isOtherSource;
  }

  private void giveBackUnlessCommitted() {
    if (isCommitted) {
      return;
    }
    if (next != null) {
      next.retire(); // under the lock, for which a list of it may be waiting
    }
    if (staged != null) {
      staged.giveBack();
    }
  }

  /** Under no lock: closes the source that is not, or no more, followed. */
  private void finish() {
    if (next != null && isCommitted) {
      next.isFollowed();
    } else if (next != null) {
      next.close();
    }
    if (left != null) {
      left.replacedBy(next);
    }
  }
}
