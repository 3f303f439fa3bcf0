package io.evenkeel.core;

import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.BalancerEvent.ServerUpdated;
import io.evenkeel.core.BalancerEvent.ServerWeighed;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the log says of a balancer's changes. */
final class ChangeLog {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** More changes at once than these, all for one reason, are logged as one line. */
  static final int ONE_BY_ONE = 10;

  private ChangeLog() {}

  static void news(List<BalancerEvent> news) {
    if (news.size() > ONE_BY_ONE) {
      log.info("servers: {} changes in one update", news.size());
      return;
    }
    for (BalancerEvent event : news) {
      if (event instanceof ServerUpdated updated) {
        log.info("{}: updated, was {}", updated.server(), updated.before());
      } else {
        log.info("{}: {}", event.server(), event instanceof ServerAdded ? "added" : "removed");
      }
    }
  }

  static void settings(BalancerSettings before, BalancerSettings now) {
    List<String> news = new ArrayList<>();
    if (before.selector() != now.selector()) {
      news.add(
          "selector "
              + Selectors.describe(now.selector())
              + ", was "
              + Selectors.describe(before.selector()));
    }
    if (before.maxConcurrent() != now.maxConcurrent()) {
      news.add(
          "maxConcurrent " + limit(now.maxConcurrent()) + ", was " + limit(before.maxConcurrent()));
    }
    if (before.panicThreshold() != now.panicThreshold()) {
      news.add("panicThreshold " + now.panicThreshold() + ", was " + before.panicThreshold());
    }
    if (!start(before).equals(start(now))) {
      news.add("slow start " + start(now) + ", was " + start(before));
    }
    if (!news.isEmpty()) {
      log.info("settings: {}", String.join("; ", news));
    }
  }

  private static String limit(int maxConcurrent) {
    return maxConcurrent == Integer.MAX_VALUE ? "none" : String.valueOf(maxConcurrent);
  }

  private static String start(BalancerSettings settings) {
    return settings.slowStartWindow().isZero()
        ? "off"
        : settings.slowStartWindow() + " of aggression " + settings.slowStartAggression();
  }

  static void source(@Nullable Discovery before, @Nullable Discovery now) {
    log.info("source: {}, was {}", now == null ? "none" : now, before == null ? "none" : before);
  }

  static void flip(BalancerEvent event) {
    if (event instanceof ServerBlocked set) {
      log.info("{}: {} set ({})", set.server(), set.block(), set.cause());
    } else if (event instanceof ServerUnblocked cleared) {
      log.info("{}: {} cleared ({})", cleared.server(), cleared.block(), cleared.cause());
    } else if (event instanceof ServerWeighed weighed) {
      log.info("{}: {} % of its weight ({})", event.server(), weighed.percent(), weighed.cause());
    }
  }

  static void swap(Snapshot before, Snapshot next) {
    int now = next.eligibleCount();
    if (next.isPanicking() && !before.isPanicking()) {
      log.warn("panic: too few servers are healthy, so health is not asked; {} in use", now);
    } else if (before.isPanicking() && !next.isPanicking()) {
      log.info("panic is over: {} of {} servers in use", now, next.members().size());
    } else if (before.eligibleCount() > 0 && now == 0) {
      log.warn("{}", next.whyNot(Query.any()));
    } else if (before.eligibleCount() == 0 && now > 0 && !before.members().isEmpty()) {
      log.info("{} of {} servers available again", now, next.members().size());
    }
  }
}
