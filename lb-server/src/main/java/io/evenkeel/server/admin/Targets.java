package io.evenkeel.server.admin;

import io.evenkeel.server.admin.EventLog.Entry;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Which balancer a request means. */
final class Targets {

  private final Inventory inventory;

  Targets(Inventory inventory) {
    this.inventory = inventory;
  }

  /**
   * The one that the path names, or the only one.
   *
   * @throws HttpProblem if there is none, or there are several
   */
  Inventory.Balancer balancer(Exchange exchange) throws HttpProblem {
    Inventory.Balancer named = named(exchange);
    if (named != null) {
      return named;
    }
    List<Inventory.Balancer> all = inventory.balancers();
    if (all.size() != 1) {
      throw HttpProblem.of(
          404,
          all.isEmpty()
              ? "there is no balancer"
              : "several balancers: name one, as in /api/v1/balancers/NAME/servers");
    }
    return all.get(0);
  }

  /**
   * One look at the balancer that the path names and its listeners, or at everything.
   *
   * @throws HttpProblem if there is none of that name
   */
  Reading reading(Exchange exchange) throws HttpProblem {
    Inventory.Balancer named = named(exchange);
    return named == null ? Reading.of(inventory) : Reading.of(inventory, named);
  }

  /**
   * Which events a request is about: all, or those of the balancer that the path names and of the
   * listeners that ask it at that moment.
   *
   * @throws HttpProblem if there is none of that name
   */
  Predicate<Entry> events(Exchange exchange) throws HttpProblem {
    Inventory.Balancer named = named(exchange);
    return named == null ? entry -> true : entry -> isAbout(entry, named.name());
  }

  private boolean isAbout(Entry entry, String balancer) {
    return switch (entry.type()) {
      case SERVER -> entry.subject().equals(balancer);
      case LISTENER ->
          inventory.listeners().stream()
              .anyMatch(
                  listener ->
                      listener.name().equals(entry.subject())
                          && listener.balancer().equals(balancer));
      case CHANGE -> false;
    };
  }

  /** The one that the path names; null if it names none. */
  private Inventory.@Nullable Balancer named(Exchange exchange) throws HttpProblem {
    String name = exchange.balancer();
    Inventory.Balancer balancer = name == null ? null : inventory.balancer(name);
    if (name != null && balancer == null) {
      throw HttpProblem.of(404, "no such balancer");
    }
    return balancer;
  }
}
