package io.evenkeel.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;

/** A name server by UDP on loopback: every name stands for 127.0.0.1, 127.0.0.2 and so on. */
final class NameServer implements AutoCloseable {

  private static final int HEADER = 12;
  private static final int TYPE_A = 1;

  private final DatagramSocket socket;
  private final int addresses;

  NameServer(int addresses) throws IOException {
    this.socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"));
    this.addresses = addresses;
    Thread thread = new Thread(this::answer, "name-server");
    thread.setDaemon(true);
    thread.start();
  }

  String address() {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  private void answer() {
    byte[] bytes = new byte[1_500];
    DatagramPacket question = new DatagramPacket(bytes, bytes.length);
    try {
      while (true) {
        question.setLength(bytes.length);
        socket.receive(question);
        byte[] answer = answerTo(bytes);
        socket.send(new DatagramPacket(answer, answer.length, question.getSocketAddress()));
      }
    } catch (IOException e) {
      assert socket.isClosed() : e;
    }
  }

  private byte[] answerTo(byte[] question) {
    int end = HEADER; // of the name
    while (question[end] != 0) {
      end += question[end] + 1;
    }
    int count = question[end + 2] == TYPE_A ? addresses : 0;
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    answer.write(question, 0, 2); // its number
    answer.writeBytes(new byte[] {(byte) 0x84, 0, 0, 1, 0, (byte) count, 0, 0, 0, 0});
    answer.write(question, HEADER, end + 5 - HEADER);
    for (int i = 1; i <= count; i++) { // the same name, A, IN, 60 s, four bytes
      byte[] record = {
        (byte) 0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, (byte) i
      };
      answer.writeBytes(record);
    }
    return answer.toByteArray();
  }

  @Override
  public void close() {
    socket.close();
  }
}
