package io.evenkeel.health;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.Lease;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.LoadBalancerBuilder;
import io.evenkeel.core.Node;
import io.evenkeel.core.Query;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Server;
import io.evenkeel.core.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A balancer of servers s0, s1, … on a virtual clock, each of which can be used by name. */
final class Fleet {

  final VirtualTime time = new VirtualTime();
  final LoadBalancer balancer;

  /** What happened to blocks: {@code s0 EJECTED: cause}, {@code s0 free of EJECTED: cause}. */
  final List<String> news = new ArrayList<>();

  private final ThreadLocal<String> target = ThreadLocal.withInitial(() -> "");

  Fleet(int n) {
    this(n, LoadBalancer.builder());
  }

  Fleet(int n, LoadBalancerBuilder builder) {
    Selector.Factory byName =
        (candidates, previous) ->
            query ->
                candidates.eligible().stream()
                    .filter(node -> node.server().id().equals(target.get()))
                    .filter(node -> !query.isTried(node))
                    .findFirst()
                    .orElse(null);
    balancer =
        builder
            .servers(IntStream.range(0, n).mapToObj(Fleet::server).toList())
            .selector(byName)
            .clock(time)
            .listener(this::onEvent)
            .build();
  }

  static Server server(int i) {
    return Server.of("10.0.0.1", 80 + i).withId("s" + i);
  }

  private void onEvent(BalancerEvent event) {
    if (event instanceof ServerBlocked e) {
      news.add(e.server().id() + " " + e.block() + ": " + e.cause());
    } else if (event instanceof ServerUnblocked e) {
      news.add(e.server().id() + " free of " + e.block() + ": " + e.cause());
    }
  }

  Node node(int i) {
    return balancer.nodes().stream()
        .filter(node -> node.server().id().equals("s" + i))
        .findFirst()
        .orElseThrow();
  }

  /** A lease of that server, or null if a pick does not get it. */
  @Nullable Lease lease(int i) {
    target.set("s" + i);
    return balancer.tryAcquire(Query.any());
  }

  boolean isUsable(int i) {
    Lease lease = lease(i);
    if (lease != null) {
      lease.close();
    }
    return lease != null;
  }

  /** Uses it; false if a pick does not get it. */
  boolean use(int i, boolean well) {
    Lease lease = lease(i);
    if (lease == null) {
      return false;
    }
    if (well) {
      lease.success();
    } else {
      lease.failure(new IOException("no"));
    }
    lease.close();
    return true;
  }

  void fail(int i, int times) {
    for (int n = 0; n < times; n++) {
      use(i, false);
    }
  }

  void succeed(int i, int times) {
    for (int n = 0; n < times; n++) {
      use(i, true);
    }
  }

  /** Runs what is due now. */
  void settle() {
    time.advance(Duration.ZERO);
  }
}
