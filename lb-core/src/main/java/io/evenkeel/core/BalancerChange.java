package io.evenkeel.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Collects changes of a balancer, to be made as one: see {@link LoadBalancer#change()}. What is not
 * named stays as it is when {@link #apply} is called; what is named twice is as it was named last.
 * Not safe for use by several threads at once.
 *
 * <pre>{@code
 * balancer.change()
 *     .selector(Selectors.leastConnections())
 *     .maxConcurrent(100)
 *     .apply();
 * }</pre>
 */
public final class BalancerChange {

  private final ControlPlane control;
  private final boolean allowEmpty;

  private @Nullable Map<String, Server> servers;
  private Selector.@Nullable Factory selector;
  private @Nullable Integer maxConcurrent;
  private @Nullable Double panicThreshold;
  private @Nullable SlowStart slowStart;
  private boolean isSourceNamed;
  private @Nullable ServerSource source;

  BalancerChange(ControlPlane control, boolean allowEmpty) {
    this.control = control;
    this.allowEmpty = allowEmpty;
  }

  /**
   * Makes these the members, as {@link LoadBalancer#update(Collection)} does. A source that is
   * named, too, and has a list already is asked instead.
   *
   * @param servers at least one; ids must be unique
   * @throws IllegalArgumentException if there is none, one is null, or an id is there twice
   */
  public BalancerChange servers(Collection<Server> servers) {
    this.servers = MemberDiff.someByUniqueId(servers);
    return this;
  }

  /**
   * How to pick from now on. One of {@link Selectors} that is the same by name and options as that
   * of now changes nothing: its rotation goes on, what it remembers stays. Any other begins anew.
   */
  public BalancerChange selector(Selector.Factory factory) {
    this.selector = Objects.requireNonNull(factory, "factory");
    return this;
  }

  /**
   * How many leases a server may have at a time that says nothing itself ({@link
   * Server#withMaxConcurrent}). What a server has above a lower limit it may finish; it gets
   * nothing new meanwhile.
   *
   * @param maxConcurrent 1 or more; {@link Integer#MAX_VALUE} for no limit
   * @throws IllegalArgumentException if it is less than 1
   */
  public BalancerChange maxConcurrent(int maxConcurrent) {
    this.maxConcurrent = Snapshot.Recipe.checkedLimit(maxConcurrent);
    return this;
  }

  /**
   * Below which share of healthy servers health is not asked, as by {@link
   * LoadBalancerBuilder#panicThreshold}.
   *
   * @param share 0 to 1; 0 for never
   * @throws IllegalArgumentException if it is out of range
   */
  public BalancerChange panicThreshold(double share) {
    this.panicThreshold = Snapshot.Recipe.checkedShare(share);
    return this;
  }

  /**
   * How servers start from now on, as by {@link LoadBalancerBuilder#slowStart(Duration, double)}.
   * Who is starting goes on by the new numbers from where it began; where there was no slow start
   * before, those that are eligible have all their weight.
   *
   * @param window 0 for no slow start: then all have all their weight
   * @param aggression above 0; 1 for an even growth
   * @throws IllegalArgumentException if one is out of its range
   */
  public BalancerChange slowStart(Duration window, double aggression) {
    this.slowStart = window.isZero() ? SlowStart.OFF : SlowStart.of(window, aggression);
    return this;
  }

  /**
   * Where members come from, from now on. The one before is closed once this one is in its place,
   * and what it still hands over is ignored; the members stay until the first list of this one.
   * Naming the source of now, by {@code equals}, changes nothing.
   *
   * @param source null for none: the members are those of now, to be changed by hand
   */
  public BalancerChange source(@Nullable ServerSource source) {
    this.isSourceNamed = true;
    this.source = source;
    return this;
  }

  /**
   * Makes these changes, all or none: one snapshot, O(members) and what the selector costs; picks
   * go by all of it or by none. Listeners hear of members afterwards. Where a source is replaced it
   * waits for the old one to end, 5 s at most.
   *
   * @return whether that changed anything
   * @throws RuntimeException what a selector's factory throws over the members, as one whose table
   *     is too small for them does, or the source where it cannot begin; nothing has changed then
   * @throws IllegalStateException if a source is named and the balancer is closed, or if called by
   *     a selector's factory; nothing has changed
   */
  public boolean apply() {
    return applyAll(List.of(this));
  }

  /**
   * Makes changes of several balancers as one: all of them or, if one cannot be made, none. As
   * {@link #apply} for each; each balancer's picks go by all of its change or by none of it, and
   * those of different balancers change one right after the other. While it is worked out, leases
   * may already name a server of now as it is to be (its address, its weight), also if the change
   * is refused in the end: as with {@link LoadBalancer#update(Server)}.
   *
   * @param changes of a balancer each
   * @return whether that changed anything
   * @throws IllegalArgumentException if two of them are of one balancer; nothing has changed
   * @throws RuntimeException what {@link #apply} of one of them would throw; nothing has changed
   */
  public static boolean applyAll(Collection<BalancerChange> changes) {
    List<BalancerChange> all = List.copyOf(changes);
    if (all.stream().map(change -> change.control).distinct().count() < all.size()) {
      throw new IllegalArgumentException("changes: two of one balancer (expected: one of each)");
    }
    List<ChangePart> parts = new ArrayList<>();
    for (BalancerChange change : all) {
      boolean isOther = change.isSourceNamed && !change.control.source().follows(change.source);
      Discovery next =
          isOther && change.source != null
              ? Discovery.held(change.control, change.source, change.allowEmpty)
              : null;
      parts.add(new ChangePart(change.control, change.servers, change::recipe, isOther, next));
    }
    return ChangePart.applyAll(parts);
  }

  private Snapshot.Recipe recipe(Snapshot.Recipe now) {
    return new Snapshot.Recipe(
        selector == null || Selectors.isSame(selector, now.factory()) ? now.factory() : selector,
        now.environment(),
        panicThreshold == null ? now.panicThreshold() : panicThreshold,
        slowStart == null ? now.slowStart() : slowStart,
        maxConcurrent == null ? now.maxConcurrent() : maxConcurrent);
  }
}
