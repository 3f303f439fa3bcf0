package io.evenkeel.core;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * A DNS server on a free loopback port, over UDP and TCP, that answers as the test says: NXDOMAIN
 * unless it said something for that name and type.
 */
public final class FakeDns implements AutoCloseable {

  /** How one question is answered; null for silence. */
  @FunctionalInterface
  public interface Reply {
    byte[] to(Message query, boolean tcp) throws IOException;
  }

  private final DatagramSocket udp;
  private final ServerSocket tcp;
  private final List<Thread> threads = new ArrayList<>();
  private final Map<String, Reply> replies = new ConcurrentHashMap<>();
  final AtomicInteger overUdp = new AtomicInteger();
  final AtomicInteger overTcp = new AtomicInteger();
  private final Queue<byte[]> first = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  public FakeDns() throws IOException {
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    DatagramSocket datagrams = null;
    ServerSocket connections = null;
    for (int attempt = 0; connections == null; attempt++) {
      datagrams = new DatagramSocket(0, loopback);
      try {
        connections = new ServerSocket(datagrams.getLocalPort(), 50, loopback);
      } catch (IOException e) { // somebody has that port for TCP
        datagrams.close();
        if (attempt == 20) {
          throw e;
        }
      }
    }
    udp = datagrams;
    tcp = connections;
    start(this::serveDatagrams);
    start(this::serveConnections);
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(udp.getLocalAddress(), udp.getLocalPort());
  }

  public int asked() {
    return overUdp.get() + overTcp.get();
  }

  /**
   * From now on these records, each as in a zone file: {@code "10 IN A 10.0.0.1"} or with a name.
   */
  public FakeDns answer(String question, String... records) {
    return reply(question, (query, viaTcp) -> message(query, Section.ANSWER, records).toWire());
  }

  public FakeDns rcode(String question, int rcode) {
    return reply(
        question,
        (query, viaTcp) -> {
          Message message = message(query, Section.ANSWER);
          message.getHeader().setRcode(rcode);
          return message.toWire();
        });
  }

  public FakeDns silence(String question) {
    return reply(question, (query, viaTcp) -> null);
  }

  /** A question is as in {@code "example.com A"}. */
  public FakeDns reply(String question, Reply reply) {
    replies.put(question, reply);
    return this;
  }

  /** Within a {@link Reply}: a datagram that goes out before what it returns. */
  void sendFirst(byte[] datagram) {
    first.add(datagram);
  }

  /** A record of the zone file's form {@code NAME TTL IN TYPE DATA}. */
  static Record record(String text) {
    String[] parts = text.split(" ", 5);
    try {
      return Record.fromString(
          name(parts[0]),
          Type.value(parts[3]),
          DClass.IN,
          Long.parseLong(parts[1]),
          parts[4],
          Name.root);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Message message(Message query, int section, String... records) {
    Message message = new Message(query.getHeader().getID());
    message.getHeader().setFlag(Flags.QR);
    message.getHeader().setFlag(Flags.RA);
    message.addRecord(query.getQuestion(), Section.QUESTION);
    String own = query.getQuestion().getName().toString();
    for (String each : records) {
      boolean named = !Character.isDigit(each.charAt(0));
      message.addRecord(record(named ? each : own + " " + each), section);
    }
    return message;
  }

  private static Name name(String text) throws IOException {
    return Name.fromString(text, Name.root);
  }

  private byte[] replyTo(byte[] data, boolean viaTcp) throws IOException {
    (viaTcp ? overTcp : overUdp).incrementAndGet();
    Message query = new Message(data);
    Record question = query.getQuestion();
    Reply reply =
        replies.get(question.getName().toString(true) + " " + Type.string(question.getType()));
    if (reply != null) {
      return reply.to(query, viaTcp);
    }
    Message unknown = message(query, Section.ANSWER);
    unknown.getHeader().setRcode(Rcode.NXDOMAIN);
    return unknown.toWire();
  }

  private void serveDatagrams() throws IOException {
    byte[] buffer = new byte[65_535];
    while (true) {
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      udp.receive(packet);
      byte[] reply = replyTo(Arrays.copyOf(buffer, packet.getLength()), false);
      for (byte[] each; (each = first.poll()) != null; ) {
        udp.send(new DatagramPacket(each, each.length, packet.getSocketAddress()));
      }
      if (reply != null) {
        udp.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
      }
    }
  }

  private void serveConnections() {
    while (true) {
      try (Socket socket = tcp.accept()) {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] query = new byte[in.readUnsignedShort()];
        in.readFully(query);
        byte[] reply = replyTo(query, true);
        if (reply != null) {
          DataOutputStream out = new DataOutputStream(socket.getOutputStream());
          out.writeShort(reply.length);
          out.write(reply);
          out.flush();
        }
      } catch (IOException e) {
        if (closed) {
          return;
        } // else that client broke off
      }
    }
  }

  private interface Service {
    void serve() throws IOException;
  }

  private void start(Service service) {
    Thread thread =
        new Thread(
            () -> {
              try {
                service.serve();
              } catch (IOException e) {
                if (!closed) {
                  throw new UncheckedIOException(e);
                }
              }
            },
            "fake-dns");
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    udp.close();
    tcp.close();
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
