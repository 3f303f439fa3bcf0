package io.evenkeel.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * One client and its server in {@link Chaos}: who sends how much in what parts and pauses, who
 * stops reading now and then, and how each ends. Each end runs its side in two threads, and then
 * says what is wrong with what it has seen.
 *
 * <p>What must be true: what arrives is what was sent, from the first byte on, without a gap. After
 * a FIN of an end that was not cut before the other had heard it, it is all there, with the same
 * SHA-256. A FIN comes only if the other end has ended, and a reset only if one end was cut.
 */
final class Conversation {

  /** A server's life, which ends by a kill. */
  static final class Life {
    /** Set before its sockets are closed. */
    volatile boolean killed;
  }

  /** How an end stops sending. */
  private enum Ending {
    FIN,
    /** Closes as one does who has lost interest: with a FIN if it has read all there was. */
    CLOSE,
    RESET
  }

  final long id;
  final Side client;
  final Side server;

  /** That of the server which has heard of it; null if none has. */
  private final AtomicReference<Life> heardBy = new AtomicReference<>();

  Conversation(long id, long seed) {
    this.id = id;
    SplittableRandom random = new SplittableRandom(seed);
    client = new Side("client", random.split());
    server = new Side("server", random.split());
  }

  /** A server has heard of it; false if another one has before. */
  boolean heardBy(Life life) {
    return heardBy.compareAndSet(null, life);
  }

  boolean isHeard() {
    return heardBy.get() != null;
  }

  private boolean isServerKilled() {
    Life life = heardBy.get();
    return life != null && life.killed;
  }

  private static long sizeOf(SplittableRandom random) {
    int kind = random.nextInt(10);
    return kind < 5
        ? random.nextInt(4_000)
        : kind < 9 ? random.nextInt(256 * 1024) : random.nextInt(3 * 1024 * 1024);
  }

  /** One end. What it does is drawn beforehand. */
  final class Side {

    private final String name;
    private final KnownBytes bytes;
    private final long size;
    private final int part;
    private final Ending ending;
    private final SplittableRandom writing;
    private final SplittableRandom reading;

    /** Bytes that were handed to the kernel for sure, and at most. */
    private volatile long written;

    private volatile long begun;

    /** It sends no more of its own will: set before the other end can see that. */
    private volatile boolean ended;

    /** It lets go of the connection whatever the other one does: set before that. */
    volatile boolean letGo;

    /** What it had sent by its FIN. */
    private volatile byte[] digest = new byte[0];

    private volatile IOException writeFailure;

    Side(String name, SplittableRandom random) {
      this.name = name;
      bytes = new KnownBytes(random.nextLong());
      long drawn = sizeOf(random);
      boolean dribbles = random.nextInt(20) == 0;
      size = dribbles ? Math.min(drawn, 1_000) : drawn;
      part = dribbles ? 1 : (int) Math.max(1 << (6 + random.nextInt(11)), size / 1_000);
      int kind = random.nextInt(10);
      ending = kind < 7 ? Ending.FIN : kind < 8 ? Ending.CLOSE : Ending.RESET;
      writing = random.split();
      reading = random.split();
    }

    private Side other() {
      return this == client ? server : client;
    }

    private boolean isCut() {
      return letGo || (this == server && isServerKilled());
    }

    /** Runs this end; returns whether all that the other one had to say has come. */
    boolean run(Socket socket) throws Exception {
      Thread writer = new Thread(() -> write(socket), name + "-writer-" + id);
      writer.setDaemon(true);
      writer.start();
      MessageDigest digest = sha256();
      long got = 0;
      IOException failure = null;
      try {
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[1 << (10 + reading.nextInt(7))];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          other().bytes.check(buffer, n, got);
          digest.update(buffer, 0, n);
          got += n;
          pause(reading);
        }
      } catch (SocketTimeoutException e) {
        throw wrong("nothing came any more", got, e);
      } catch (IOException e) {
        failure = e;
      }
      join(writer);
      Side other = other();
      if (isCut() || (got == 0 && !isHeard())) {
        return false; // it may have seen anything
      }
      if (got > other.begun) {
        throw wrong("more came than was sent", got, null);
      }
      if (failure != null || writeFailure != null) {
        // That of the write may have been all there was to see of a reset.
        if (!other.isCut()) {
          throw wrong("it was reset though nobody cut it", got, failure);
        }
        return false;
      }
      if (!other.ended && !other.isCut()) {
        throw wrong("a FIN came though nobody sent one", got, null);
      }
      if (!other.isCut()) {
        if (got != other.size || !Arrays.equals(digest.digest(), other.digest)) {
          throw wrong("not all came before the FIN", got, null);
        }
        return true;
      }
      // Of a server that was cut while we sent, the proxy may have passed on a part and a FIN.
      if (this == server && got < other.written) {
        throw wrong("not all came before the FIN of one that closed", got, null);
      }
      return false;
    }

    private AssertionError wrong(String what, long got, Throwable cause) {
      return new AssertionError(
          name + " of " + id + ": " + what + ": got " + got + " of " + other(), cause);
    }

    private void write(Socket socket) {
      try {
        OutputStream out = socket.getOutputStream();
        MessageDigest sent = sha256();
        byte[] buffer = new byte[part];
        while (written < size) {
          bytes.fill(buffer, written);
          int n = (int) Math.min(part, size - written);
          begun = written + n;
          out.write(buffer, 0, n);
          sent.update(buffer, 0, n);
          written = begun;
          pause(writing);
        }
        digest = sent.digest();
        letGo = ending != Ending.FIN;
        ended = true;
        switch (ending) {
          case FIN -> socket.shutdownOutput();
          case CLOSE -> socket.close();
          default -> ProxyFixture.reset(socket);
        }
      } catch (IOException e) {
        writeFailure = e;
      }
    }

    @Override
    public String toString() {
      return String.format(
          "%s, %s, %d bytes, begun %d, written %d, ended %b, cut %b, %s",
          name, ending, size, begun, written, ended, isCut(), writeFailure);
    }
  }

  private static void pause(SplittableRandom random) {
    int kind = random.nextInt(1_000);
    if (kind < 2) {
      LockSupport.parkNanos(random.nextInt(100_000_000));
    } else if (kind < 30) {
      LockSupport.parkNanos(random.nextInt(1_000_000));
    }
  }

  private static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // by who closes the server
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
