package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * The process of {@link DescriptorsTest}: a proxy that has few descriptors, and whose classes come
 * from a directory, so that each that is loaded takes one. Answers questions on its standard input.
 */
final class LowOnDescriptors {

  private LowOnDescriptors() {}

  public static void main(String[] args) throws Exception {
    LoadBalancer balancer =
        LoadBalancer.builder().servers(Server.of("127.0.0.1", Integer.parseInt(args[0]))).build();
    TcpProxy proxy = TcpProxy.builder(balancer).eventLoops(2).build();
    proxy.start();
    say("port " + proxy.localAddress().getPort());
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String question = in.readLine(); question != null; question = in.readLine()) {
      switch (question) {
        case "open" -> say("open " + proxy.openRelays());
        case "sockets" -> say("sockets " + ProxyFixture.sockets());
        case "still" -> say("still " + ProxyFixture.turnOnlyWhenTold(proxy));
        default -> throw new IllegalArgumentException(question);
      }
    }
    say("cut " + proxy.shutdown(Duration.ZERO));
  }

  private static void say(String line) {
    PrintStream out = System.out;
    out.println(line);
    out.flush();
  }
}
