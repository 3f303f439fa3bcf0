package io.evenkeel.core;

import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.BalancerEvent.ServerWeighed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Blocks and shares of weight that change together: on the nodes as they come, and taken off again
 * by {@link #giveBack} where the snapshot cannot be built. Guarded by the balancer's change lock.
 */
final class BlockBatch {

  private final NanoClock clock;
  private final List<BalancerEvent> news = new ArrayList<>();
  private final Map<Node, Blocks> blocksBefore = new LinkedHashMap<>();
  private final Map<Node, Integer> percentBefore = new LinkedHashMap<>();

  BlockBatch(NanoClock clock) {
    this.clock = clock;
  }

  List<BalancerEvent> news() {
    return news;
  }

  void block(Node node, Block block, boolean set, String cause) {
    if (node.has(block) == set) {
      return;
    }
    Blocks blocks = node.blocked();
    blocksBefore.putIfAbsent(node, blocks);
    node.setBlocks(
        set ? blocks.with(block, new Blocks.Mark(clock.nanoTime(), cause)) : blocks.without(block));
    Server server = node.server();
    news.add(
        set ? new ServerBlocked(server, block, cause) : new ServerUnblocked(server, block, cause));
  }

  void weigh(Node node, int percent, String cause) {
    if (node.reportedPercent() == percent) {
      return;
    }
    percentBefore.putIfAbsent(node, node.reportedPercent());
    node.setReportedPercent(percent);
    news.add(new ServerWeighed(node.server(), percent, cause));
  }

  void make(BlockOwner.Change change, Node node, Block block) {
    String cause = change.cause();
    if (change.kind() == BlockOwner.Kind.WEIGH) {
      weigh(node, change.percent(), cause);
    } else {
      block(node, block, change.kind() == BlockOwner.Kind.SET, cause);
    }
  }

  /** Nothing has changed. */
  void giveBack() {
    blocksBefore.forEach(Node::setBlocks);
    percentBefore.forEach(Node::setReportedPercent);
  }
}
