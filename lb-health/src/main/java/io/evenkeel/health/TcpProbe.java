package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Connects, and that is all. */
final class TcpProbe implements Probe {

  static final TcpProbe INSTANCE = new TcpProbe();

  private TcpProbe() {}

  @Override
  public CompletionStage<ProbeResult> check(Server server, ProbeContext context) {
    CompletableFuture<ProbeResult> result = new CompletableFuture<>();
    context.onEnd(() -> result.cancel(false));
    context.loop().connect(server.host(), server.port(), result);
    return result;
  }

  @Override
  public String toString() {
    return "tcp";
  }
}
