package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** Connects, and that is all. */
final class TcpProbe implements Probe {

  static final TcpProbe INSTANCE = new TcpProbe();

  /** Says nothing: the connection is the answer. */
  static final Dialogue DIALOGUE =
      new Dialogue() {
        @Override
        public ProbeResult connected(Wire wire) {
          return ProbeResult.success();
        }

        @Override
        public ProbeResult received(ByteBuffer bytes, Wire wire) {
          return ProbeResult.success();
        }

        @Override
        public ProbeResult ended() {
          return ProbeResult.success();
        }
      };

  private TcpProbe() {}

  @Override
  public CompletionStage<ProbeResult> check(Server server, ProbeContext context) {
    return context.loop().ask(server.host(), server.port(), DIALOGUE, context);
  }

  @Override
  public String toString() {
    return "tcp";
  }
}
