package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * The processes of {@link SlowPeersTest#clientsWhoseLinkIsCut_endByTheirTimeouts}: {@code scenario}
 * has a proxy and a server, {@code clients} are in a network of their own behind a link of two
 * ends. When that is cut, no FIN and no reset comes from them, nor an acknowledgement.
 */
final class VanishedClients extends ScenarioFixture {

  private static final String PROXY = "10.9.0.1";
  private static final String CLIENTS = "10.9.0.2";
  private static final KnownBytes BYTES = new KnownBytes(31);

  static boolean isPossible() {
    try {
      String[] trial = {"unshare", "-n", "sh", "-c"};
      return run(trial, "ip link add near type veth peer name far && nsenter -t $$ -n true") == 0;
    } catch (Exception e) {
      return false;
    }
  }

  private static int run(String[] command, String last) throws Exception {
    List<String> all = new ArrayList<>(Arrays.asList(command));
    all.add(last);
    return new ProcessBuilder(all).redirectErrorStream(true).start().waitFor();
  }

  static List<String> inOwnNetwork(String... args) {
    List<String> all =
        new ArrayList<>(
            List.of("unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""));
    all.addAll(ServerProcess.java(VanishedClients.class, args));
    return all;
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("clients")) {
      clients(Integer.parseInt(args[1]));
    } else {
      VanishedClients scenario = new VanishedClients();
      try {
        scenario.scenario();
      } finally {
        scenario.close();
        scenario.stopThreads();
      }
      ServerProcess.say("all is well");
    }
  }

  private void scenario() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    Backend server =
        closeLater(
            new Backend(
                socket -> {
                  InputStream in = socket.getInputStream();
                  OutputStream out = socket.getOutputStream();
                  for (int said = in.read(); said >= 0; said = in.read()) {
                    switch (said) {
                      case 'd' -> BYTES.send(out, Long.MAX_VALUE, 64 * 1024);
                      case 'u' -> in.transferTo(OutputStream.nullOutputStream());
                      default -> out.write(said);
                    }
                  }
                  over.await(); // one that ends its input gets no answer
                }));
    startOnClock(builder -> builder.listen("0.0.0.0", 0), server.server());
    Process clients =
        new ProcessBuilder(
                inOwnNetwork("clients", Integer.toString(proxy.localAddress().getPort())))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    closeLater(() -> clients.destroyForcibly().waitFor());
    BufferedReader out = new BufferedReader(new InputStreamReader(clients.getInputStream(), UTF_8));
    assertThat(out.readLine()).isEqualTo("ready");
    String pid = Long.toString(clients.pid());
    sh("ip link add near type veth peer name far netns " + pid);
    sh("ip addr add " + PROXY + "/24 dev near && ip link set near up");
    sh(
        "nsenter -t "
            + pid
            + " -n sh -c 'ip addr add "
            + CLIENTS
            + "/24 dev far"
            + " && ip link set far up'");
    clients.getOutputStream().write('\n');
    clients.getOutputStream().flush();
    assertThat(out.readLine()).isEqualTo("busy");
    Socket other = connect();
    echo(other);
    assertThat(proxy.openRelays()).isEqualTo(5);

    sh("nsenter -t " + pid + " -n ip link set far down");
    awaitIdle();
    advance(HALF_CLOSED.minusSeconds(1));
    echo(other);
    assertThat(proxy.openRelays()).isEqualTo(5);
    advance(LATE.plusSeconds(1));
    assertThat(proxy.openRelays()).isEqualTo(4);
    assertThat(ended(EndReason.HALF_CLOSED)).isEqualTo(1);
    echo(other);
    advance(IDLE.minus(HALF_CLOSED).minusSeconds(1));
    echo(other);
    awaitInTime("all that vanished end", () -> ended(EndReason.IDLE) == 3);
    assertThat(proxy.openRelays()).isEqualTo(1);
    echo(other);
    other.close();
    over.countDown();
    assertQuiet();
  }

  private static void sh(String command) throws Exception {
    assertThat(run(new String[] {"sh", "-c"}, command)).as(command).isZero();
  }

  /** One idle, one half-closed, one in a download, one in an upload. */
  private static void clients(int port) throws Exception {
    ServerProcess.say("ready");
    System.in.read();
    List<Socket> sockets = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Socket socket = new Socket(PROXY, port);
      echo(socket);
      sockets.add(socket);
    }
    sockets.get(1).shutdownOutput();
    sockets.get(2).getOutputStream().write('d');
    sockets.get(3).getOutputStream().write('u');
    CompletableFuture<Void> busy =
        CompletableFuture.runAsync(
            () -> {
              try {
                BYTES.send(sockets.get(3).getOutputStream(), 10 * MIB, 64 * 1024);
                ServerProcess.say("busy");
                BYTES.send(sockets.get(3).getOutputStream(), Long.MAX_VALUE, 64 * 1024);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    BYTES.receive(sockets.get(2).getInputStream(), 0, Long.MAX_VALUE);
    busy.join();
  }
}
