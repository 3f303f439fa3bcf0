package io.evenkeel.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A listener that drains, and another process that takes its port over meanwhile. */
@Timeout(180)
class HandOverTest extends ProxyFixture {

  /** A network of its own, in which the kernel moves clients from a closing listener. */
  private static final String OWN_NETWORK =
      "ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_migrate_req && exec \"$0\" \"$@\"";

  /** {@link HandOver} with these arguments. */
  static List<String> java(String... args) {
    return ServerProcess.java(HandOver.class, args);
  }

  private static Process start(List<String> command) throws Exception {
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static List<String> inOwnNetwork(List<String> command) {
    List<String> all = new ArrayList<>(List.of("unshare", "-n", "sh", "-c", OWN_NETWORK));
    all.addAll(command);
    return all;
  }

  private static boolean canHaveOwnNetwork() {
    try {
      return start(inOwnNetwork(List.of("true"))).waitFor() == 0;
    } catch (Exception e) {
      return false;
    }
  }

  @Test
  void secondProcess_takesOverUnderLoad_andNoClientIsRefused() throws Exception {
    Assumptions.assumeTrue(canHaveOwnNetwork(), "needs root, unshare and Linux 5.14 or later");
    Process scenario = start(inOwnNetwork(java("scenario")));
    String out =
        new String(scenario.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(scenario.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(scenario.exitValue()).isZero();
    assertThat(out).matches("served \\d+ refused 0");
  }

  @Test
  void drain_closesTheListener_andLetsRelaysGoOn() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(2), backend.server());
    Socket client = connect();
    client.getOutputStream().write(1);
    assertThat(client.getInputStream().read()).isEqualTo(1);

    CompletableFuture<Void> drained = proxy.drain().toCompletableFuture();
    proxy.drain();
    await("the listener closes", this::isRefused);
    assertThat(drained).isNotDone();
    client.getOutputStream().write(2);
    assertThat(client.getInputStream().read()).isEqualTo(2);
    client.close();
    drained.get(30, TimeUnit.SECONDS);
    assertIdle();
    assertThat(proxy.shutdown(LONG)).isZero();
  }

  private boolean isRefused() {
    try (Socket probe = new Socket("127.0.0.1", proxy.localAddress().getPort())) {
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void notStarted_isDrained() throws Exception {
    TcpProxy never =
        TcpProxy.builder(LoadBalancer.builder().servers(Server.of("127.0.0.1", 1)).build()).build();
    assertThat(never.drain().toCompletableFuture()).isDone();
  }

  @Test
  void portInUse_isSharedOnlyIfBothSaySo() throws Exception {
    Backend backend = closeLater(Backend.echo());
    start(builder -> builder.eventLoops(1).reusePort(true), backend.server());
    int port = proxy.localAddress().getPort();
    TcpProxy alone = second(port).build();
    assertThatThrownBy(alone::start).isInstanceOf(BindException.class);
    alone.shutdown(LONG);
    TcpProxy sharing = second(port).reusePort(true).build();
    sharing.start();
    sharing.shutdown(LONG);
  }

  private static TcpProxyBuilder second(int port) {
    return TcpProxy.builder(LoadBalancer.builder().servers(Server.of("127.0.0.1", 1)).build())
        .eventLoops(1)
        .listen("127.0.0.1", port);
  }
}
