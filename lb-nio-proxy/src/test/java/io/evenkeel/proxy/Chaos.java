package io.evenkeel.proxy;

import io.evenkeel.core.Block;
import io.evenkeel.core.BlockOwner;
import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Server;
import io.evenkeel.proxy.Conversation.Life;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@link ChaosTest} does to a proxy: {@link Conversation}s of many clients, while servers are
 * killed and start again, leave the list and come back, and are blocked and not. What is done is
 * drawn from a seed; when exactly it happens is up to the machine.
 */
final class Chaos implements AutoCloseable {

  static final int CLIENTS = 24;
  static final int SERVERS = 5;

  /** For a byte to come; only who is forgotten waits so long. */
  private static final int PATIENCE_MILLIS = 90_000;

  private final long seed;
  private final Victim[] victims = new Victim[SERVERS];
  private final Map<Long, Conversation> conversations = new ConcurrentHashMap<>();
  private final AtomicLong lastId = new AtomicLong();
  private final CompletableFuture<Void> over = new CompletableFuture<>();

  /** Conversations that ended in good order, as the client has seen it. */
  final AtomicInteger whole = new AtomicInteger();

  /** The same, as the servers have. */
  final AtomicInteger wholeAtServers = new AtomicInteger();

  /** Those that were cut by one end. */
  final AtomicInteger cut = new AtomicInteger();

  /** Those that no server heard of, though none was dead then and the client stayed. */
  final AtomicInteger turnedAway = new AtomicInteger();

  /** A million for each kill so far, and one for each server that is dead now. */
  private final AtomicLong deaths = new AtomicLong();

  final AtomicInteger kills = new AtomicInteger();
  final AtomicInteger changes = new AtomicInteger();

  Chaos(long seed) throws IOException {
    this.seed = seed;
    for (int i = 0; i < SERVERS; i++) {
      victims[i] = new Victim();
    }
  }

  Server[] servers() {
    return Stream.of(victims).map(victim -> victim.server).toArray(Server[]::new);
  }

  /** Does all of it for so long, then has everything end well; throws what went wrong. */
  void run(TcpProxy proxy, LoadBalancer balancer, Duration time) throws Exception {
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(start("client-" + i, () -> beClient(proxy.localAddress())));
    }
    Thread disturber = start("disturber", () -> disturb(balancer));
    try {
      over.get(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      over.complete(null);
    } finally {
      disturber.join();
      for (Thread client : clients) {
        client.join();
      }
    }
    over.get(); // what went wrong since
    ProxyFixture.await(
        "servers have done", () -> Stream.of(victims).allMatch(victim -> victim.sessions() == 0));
    over.get();
  }

  @Override
  public void close() throws IOException {
    for (Victim victim : victims) {
      victim.kill();
    }
  }

  private interface Step {
    void run() throws Exception;
  }

  private Thread start(String name, Step step) {
    Thread thread =
        new Thread(
            () -> {
              try {
                step.run();
              } catch (Throwable e) {
                fail(e);
              }
            },
            name);
    thread.start();
    return thread;
  }

  private void fail(Throwable cause) {
    if (!over.completeExceptionally(cause)) {
      over.obtrudeException(cause); // the last one will do
    }
  }

  // ---- clients ----

  private void beClient(InetSocketAddress proxy) throws Exception {
    while (!over.isDone()) {
      long id = lastId.incrementAndGet();
      Conversation conversation = new Conversation(id, seed + id * 0x9E37_79B9_7F4A_7C15L);
      conversations.put(id, conversation);
      long deathsBefore = deaths.get();
      try (Socket socket = new Socket(proxy.getAddress(), proxy.getPort())) {
        socket.setSoTimeout(PATIENCE_MILLIS);
        try {
          socket.getOutputStream().write(ByteBuffer.allocate(8).putLong(0, id).array());
        } catch (IOException e) {
          continue; // turned away at once
        }
        if (conversation.client.run(socket)) {
          whole.incrementAndGet();
        } else if (conversation.isHeard()) {
          cut.incrementAndGet();
        } else if (!conversation.client.letGo
            && deathsBefore % 1_000_000 == 0
            && deathsBefore == deaths.get()) {
          turnedAway.incrementAndGet();
        }
      } finally {
        conversations.remove(id);
      }
    }
  }

  // ---- servers ----

  /** A server that is killed and starts again, on the same port. Disturber only. */
  private final class Victim {

    final Server server;
    private @Nullable Backend running;
    private Life life = new Life();

    Victim() throws IOException {
      Backend first = start(0);
      running = first;
      server = first.server();
    }

    private Backend start(int port) throws IOException {
      Life mine = new Life();
      life = mine;
      return new Backend(port, socket -> serve(socket, mine));
    }

    int sessions() {
      return running == null ? 0 : running.openSessions();
    }

    /** As by SIGKILL: the kernel closes its sockets. */
    void kill() throws IOException {
      if (running != null) {
        deaths.addAndGet(1_000_001);
        kills.incrementAndGet();
        life.killed = true;
        running.close();
        running = null;
      }
    }

    /** False if its port is taken, as by a connection of somebody else's. */
    boolean restart() throws IOException {
      if (running == null) {
        try {
          running = start(server.port());
          deaths.decrementAndGet();
        } catch (BindException e) {
          return false;
        }
      }
      return true;
    }
  }

  private void serve(Socket socket, Life life) throws IOException {
    socket.setSoTimeout(PATIENCE_MILLIS);
    long id = new DataInputStream(socket.getInputStream()).readLong();
    Conversation conversation = conversations.get(id);
    try {
      if (id <= 0 || id > lastId.get()) {
        throw new AssertionError("nobody has said this: " + id);
      }
      if (conversation == null) {
        return; // its client has ended already
      }
      if (!conversation.heardBy(life)) {
        throw new AssertionError("two servers have heard of " + id);
      }
      boolean all = conversation.server.run(socket);
      if (all) {
        wholeAtServers.incrementAndGet();
      }
    } catch (Throwable e) {
      fail(e);
    }
  }

  // ---- what happens to them ----

  private void disturb(LoadBalancer balancer) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    try (BlockOwner owner = balancer.claim(Block.PROBE_DOWN)) {
      while (!over.isDone()) {
        Victim victim = victims[random.nextInt(SERVERS)];
        switch (random.nextInt(12)) {
          case 0 -> victim.kill();
          case 1, 2, 3 -> victim.restart();
          case 4, 5, 6, 7 -> changeList(balancer, random);
          case 8 -> owner.set(victim.server.id(), "chaos");
          default -> owner.clear(victim.server.id(), "chaos");
        }
        LockSupport.parkNanos(random.nextInt(20_000_000));
      }
    } finally {
      balancer.update(List.of(servers()));
      for (Victim victim : victims) {
        ProxyFixture.await(
            "it starts again",
            () -> {
              try {
                return victim.restart();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
      }
    }
  }

  private void changeList(LoadBalancer balancer, SplittableRandom random) {
    List<Server> list = new ArrayList<>();
    for (Victim victim : victims) {
      if (random.nextInt(4) != 0) {
        list.add(victim.server.withWeight(1 + random.nextInt(3)).withTier(random.nextInt(4) / 3));
      }
    }
    if (!list.isEmpty()) {
      balancer.update(list);
      changes.incrementAndGet();
    }
  }
}
