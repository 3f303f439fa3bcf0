package io.evenkeel.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Very many clients, and a server for as many; both can be processes of their own. */
final class Crowd implements AutoCloseable {

  /** In the order of their connects, each with its number. */
  private final Deque<SocketChannel> clients = new ArrayDeque<>();

  private int connected;

  /** Has so many more clients connect at once, and returns when their requests are under way. */
  void connect(SocketAddress address, int count) throws IOException {
    List<SocketChannel> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      SocketChannel client = SocketChannel.open();
      clients.add(client);
      all.add(client);
      client.configureBlocking(false);
      client.connect(address);
    }
    for (SocketChannel client : all) {
      client.configureBlocking(true);
      client.finishConnect();
    }
    connected += count;
  }

  /** Each says something of its own, and then each has to hear that. */
  void echo() throws IOException {
    int number = connected - clients.size();
    for (SocketChannel client : clients) {
      client.write(ByteBuffer.allocate(8).putLong(0, number++));
    }
    number = connected - clients.size();
    ByteBuffer heard = ByteBuffer.allocate(8);
    for (SocketChannel client : clients) {
      heard.clear();
      while (heard.hasRemaining()) {
        if (client.read(heard) < 0) {
          throw new IOException("client " + number + " is not served");
        }
      }
      assertThat(heard.getLong(0)).isEqualTo(number++);
    }
  }

  /** So many say that they are done, hear the same, and close. */
  void leave(int count) throws IOException {
    List<SocketChannel> leaving = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      leaving.add(clients.remove());
    }
    for (SocketChannel client : leaving) {
      client.shutdownOutput();
    }
    for (SocketChannel client : leaving) {
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      client.close();
    }
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel client : clients) {
      client.close();
    }
    clients.clear();
  }

  /** A crowd, or its server, in a process of its own. */
  static final class Remote implements AutoCloseable {

    private final Process process;
    private final BufferedReader out;

    Remote(String... args) throws IOException {
      process =
          new ProcessBuilder(ServerProcess.java(Crowd.class, args))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    }

    String readLine() throws IOException {
      return out.readLine();
    }

    /** Has it do something; returns when that is done. */
    void ask(String command) throws IOException {
      process.getOutputStream().write((command + "\n").getBytes(UTF_8));
      process.getOutputStream().flush();
      assertThat(readLine()).isEqualTo(command);
    }

    /** SIGKILL. */
    @Override
    public void close() throws InterruptedException {
      process.destroyForcibly().waitFor();
    }
  }

  public static void main(String[] args) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    if (args[0].equals("server")) {
      ServerProcess.say(Integer.toString(serve()));
    }
    try (Crowd crowd = new Crowd()) {
      for (String command = in.readLine(); command != null; command = in.readLine()) {
        String[] words = command.split(" ", -1);
        switch (words[0]) {
          case "connect" ->
              crowd.connect(
                  new InetSocketAddress(
                      InetAddress.getLoopbackAddress(), Integer.parseInt(words[1])),
                  Integer.parseInt(words[2]));
          case "echo" -> crowd.echo();
          default -> crowd.leave(Integer.parseInt(words[1]));
        }
        ServerProcess.say(command);
      }
    }
    System.exit(0);
  }

  /** Echoes to any number of clients, for as long as the process lasts; the port. */
  private static int serve() throws IOException {
    AsynchronousServerSocketChannel listener = AsynchronousServerSocketChannel.open();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 65_535);
    listener.accept(
        listener,
        new CompletionHandler<>() {
          @Override
          public void completed(
              AsynchronousSocketChannel client, AsynchronousServerSocketChannel all) {
            all.accept(all, this);
            new Echo(client).read();
          }

          @Override
          public void failed(Throwable cause, AsynchronousServerSocketChannel all) {
            throw new AssertionError(cause);
          }
        });
    return ((InetSocketAddress) listener.getLocalAddress()).getPort();
  }

  /** One client of the server. */
  private static final class Echo implements CompletionHandler<Integer, Boolean> {

    private final AsynchronousSocketChannel client;
    private final ByteBuffer buffer = ByteBuffer.allocate(16);

    Echo(AsynchronousSocketChannel client) {
      this.client = client;
    }

    void read() {
      client.read(buffer.clear(), true, this);
    }

    @Override
    public void completed(Integer count, Boolean wasRead) {
      if (wasRead && count < 0) {
        failed(null, true);
      } else if (wasRead) {
        client.write(buffer.flip(), false, this);
      } else if (buffer.hasRemaining()) {
        client.write(buffer, false, this);
      } else {
        read();
      }
    }

    @Override
    public void failed(Throwable cause, Boolean wasRead) {
      try {
        client.close();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }
}
