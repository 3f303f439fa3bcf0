package io.evenkeel.proxy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The processes of {@link HandOverTest}: {@code scenario} has a server, a proxy and clients in
 * itself, and takes the proxy's port over by a {@code successor}, a second process, under load.
 * Prints what came of it.
 */
final class HandOver {

  private static final int CLIENTS = 8;
  private static final int BEFORE = 400;
  private static final int AFTER = 800;
  private static final int TIMEOUT_MILLIS = 30_000;

  private final int port;
  private final AtomicInteger served = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();

  private HandOver(int port) {
    this.port = port;
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("successor")) {
      succeed(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    } else {
      scenario();
    }
  }

  private static TcpProxy proxy(int port, int serverPort) throws IOException {
    LoadBalancer balancer =
        LoadBalancer.builder().servers(Server.of("127.0.0.1", serverPort)).build();
    TcpProxy proxy =
        TcpProxy.builder(balancer).listen("127.0.0.1", port).eventLoops(2).reusePort(true).build();
    proxy.start();
    return proxy;
  }

  /** Serves until its input ends, then says how many it served. */
  private static void succeed(int port, int serverPort) throws IOException {
    TcpProxy proxy = proxy(port, serverPort);
    say("listening");
    System.in.readAllBytes();
    proxy.shutdown(Duration.ofSeconds(30));
    say("accepted " + proxy.stats().accepted());
  }

  private static void scenario() throws Exception {
    try (Backend server = Backend.echo()) {
      TcpProxy first = proxy(0, server.port());
      HandOver run = new HandOver(first.localAddress().getPort());
      Socket old = run.connect(); // a relay that outlives the hand-over
      run.echo(old, 1);
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Thread client = new Thread(run::load);
        client.start();
        clients.add(client);
      }
      run.awaitServed(BEFORE);
      Process successor = successor(run.port, server.port());
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(successor.getInputStream(), StandardCharsets.UTF_8));
      require(out.readLine().equals("listening"), "the successor listens");
      run.awaitServed(run.served.get() + BEFORE);
      var drained = first.drain().toCompletableFuture();
      run.awaitServed(run.served.get() + AFTER);
      long accepted = first.stats().accepted();
      run.awaitServed(run.served.get() + AFTER);
      require(first.stats().accepted() == accepted, "the first accepts no more");
      require(first.openRelays() == 1 && !drained.isDone(), "one relay is left");
      run.echo(old, 2);
      old.close();
      drained.get(30, TimeUnit.SECONDS);
      require(first.shutdown(Duration.ZERO) == 0, "nothing is cut");
      run.over.set(true);
      for (Thread client : clients) {
        client.join();
      }
      successor.getOutputStream().close();
      String last = out.readLine();
      require(last.startsWith("accepted ") && !last.equals("accepted 0"), last);
      require(successor.waitFor() == 0, "the successor ends well");
      say("served " + run.served + " refused " + run.refused);
    }
  }

  private static Process successor(int port, int serverPort) throws IOException {
    return new ProcessBuilder(
            HandOverTest.java("successor", Integer.toString(port), Integer.toString(serverPort)))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private void load() {
    while (!over.get()) {
      try (Socket client = connect()) {
        echo(client, 5);
        served.incrementAndGet();
      } catch (IOException e) {
        refused.incrementAndGet();
      }
    }
  }

  private Socket connect() throws IOException {
    Socket client = new Socket("127.0.0.1", port);
    client.setSoTimeout(TIMEOUT_MILLIS);
    return client;
  }

  private void echo(Socket client, int b) throws IOException {
    client.getOutputStream().write(b);
    if (client.getInputStream().read() != b) {
      throw new IOException("no echo");
    }
  }

  private void awaitServed(int most) {
    ProxyFixture.await(most + " are served", () -> served.get() >= most);
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  private static void say(String line) {
    PrintStream out = System.out;
    out.println(line);
    out.flush();
  }
}
