package io.evenkeel.server.admin;

import java.util.List;

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
    String name = exchange.variables.get("balancer");
    if (name != null) {
      Inventory.Balancer balancer = inventory.balancer(name);
      if (balancer == null) {
        throw HttpProblem.of(404, "no such balancer");
      }
      return balancer;
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
}
