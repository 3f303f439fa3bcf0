package io.evenkeel.health;

import static io.evenkeel.health.ScriptedServer.answering;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.core.Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The HTTP probe by TLS against real servers, with certificates good and bad. */
class TlsProbeTest {

  private static final ProbeResult UP = ProbeResult.success();
  private static final String OK = "HTTP/1.1 200 OK\r\n\r\nfine";
  private static final HttpProbe PROBE = Probes.http("/");
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir private static Path dir;
  private static SSLContext right;
  private static SSLContext wrongName;
  private static SSLContext expired;

  private final ProbeFixture fixture = new ProbeFixture();

  @BeforeAll
  static void makeCertificates() throws Exception {
    makeKey("right", "san=ip:127.0.0.1,dns:www.example.com");
    makeKey("wrong", "san=dns:other.example.com");
    makeKey("expired", "san=ip:127.0.0.1");
    makeKey("authority", "bc:c");
    // What is trusted itself is trusted for ever, so this one has to come from an authority.
    keytool("authority", "-exportcert", "-file", file("authority.crt"));
    keytool("expired", "-certreq", "-file", file("expired.csr"));
    keytool(
        "authority",
        "-gencert",
        "-ext",
        "san=ip:127.0.0.1",
        "-startdate",
        "-30d",
        "-validity",
        "10",
        "-infile",
        file("expired.csr"),
        "-outfile",
        file("expired.crt"));
    keytool("expired", "-importcert", "-alias", "authority", "-file", file("authority.crt"));
    keytool("expired", "-importcert", "-file", file("expired.crt"));
    right = context("right", "right");
    wrongName = context("wrong", "wrong");
    expired = context("expired", "authority");
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  private static String file(String name) {
    return dir.resolve(name).toString();
  }

  private static void makeKey(String name, String extension) throws Exception {
    keytool(
        name,
        "-genkeypair",
        "-keyalg",
        "EC",
        "-dname",
        "CN=" + name,
        "-ext",
        extension,
        "-validity",
        "10");
  }

  /** On the key store of this name, and its one entry. */
  private static void keytool(String name, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(
        List.of(
            "-noprompt",
            "-storetype",
            "PKCS12",
            "-storepass",
            new String(PASSWORD),
            "-keystore",
            file(name + ".p12")));
    if (!command.contains("-alias")) {
      command.addAll(List.of("-alias", name));
    }
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    byte[] said = keytool.getInputStream().readAllBytes();
    assertThat(keytool.waitFor()).as(new String(said, StandardCharsets.UTF_8)).isZero();
  }

  private static KeyStore keys(String name) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(dir.resolve(name + ".p12"))) {
      keys.load(in, PASSWORD);
    }
    return keys;
  }

  /** Has one key, and trusts one certificate alone. */
  private static SSLContext context(String key, String trusts) throws Exception {
    KeyManagerFactory keyManagers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keyManagers.init(keys(key), PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry(trusts, keys(trusts).getCertificate(trusts));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keyManagers.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private Server tls(SSLContext context, ScriptedServer.Script script) throws Exception {
    return fixture.closedLater(ScriptedServer.startTls(context, script)).server();
  }

  @Test
  void certificate_trustedAndOfTheName_succeeds() throws Exception {
    Server server = tls(right, answering(OK));
    assertThat(fixture.check(PROBE.withTls(right).withBody("fine"), server)).isEqualTo(UP);
    assertThat(fixture.check(PROBE.withTls(right).withHost("www.example.com"), server))
        .isEqualTo(UP);
    assertThat(fixture.check(PROBE.withTls(right).withHost("www.example.com:8443"), server))
        .isEqualTo(UP);
  }

  @Test
  void certificate_ofAnotherName_fails() throws Exception {
    ProbeResult result = fixture.check(PROBE.withTls(wrongName), tls(wrongName, answering(OK)));
    assertThat(result.isSuccess()).isFalse();
    assertThat(result.cause()).startsWith("TLS: ").contains("127.0.0.1");
    assertThat(
            fixture
                .check(PROBE.withTls(right).withHost("example.org"), tls(right, answering(OK)))
                .cause())
        .startsWith("TLS: ")
        .contains("example.org");
  }

  @Test
  void certificate_ofAnUnknownAuthority_fails() throws Exception {
    Server server = tls(right, answering(OK));
    assertThat(fixture.check(PROBE.withTls(), server).cause())
        .startsWith("TLS: ")
        .contains("certification path");
    assertThat(fixture.check(PROBE.withTls(wrongName), server).isSuccess()).isFalse();
  }

  @Test
  void certificate_expired_fails() throws Exception {
    ProbeResult result = fixture.check(PROBE.withTls(expired), tls(expired, answering(OK)));
    assertThat(result.isSuccess()).isFalse();
    assertThat(result.cause()).startsWith("TLS: ").contains("validity");
  }

  @Test
  void certificate_any_doesWhereAnyoneIsTrusted() throws Exception {
    HttpProbe trusting = PROBE.withTlsTrustingAnyone();
    for (SSLContext context : List.of(right, wrongName, expired)) {
      assertThat(fixture.check(trusting, tls(context, answering(OK)))).isEqualTo(UP);
    }
    assertThat(fixture.check(trusting, tls(right, answering("HTTP/1.1 500 x\r\n\r\n"))).cause())
        .isEqualTo("HTTP 500");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void body_overManyRecords_isReadWhole(String version) throws Exception {
    String body = "x".repeat(300_000) + "pong";
    SSLContext client = right;
    Server server =
        tls(
            right,
            socket -> {
              ((SSLSocket) socket).setEnabledProtocols(new String[] {version});
              ScriptedServer.readHead(socket);
              ScriptedServer.send(
                  socket,
                  "HTTP/1.1 200 OK\r\ncontent-length: " + body.length() + "\r\n\r\n" + body);
              ScriptedServer.untilClosed(socket);
            });
    assertThat(
            fixture.check(
                PROBE.withTls(client).withBody("pong").withMaxBodyBytes(1_000_000), server))
        .isEqualTo(UP);
    assertThat(fixture.check(PROBE.withTls(client).withBody("pong"), server).cause())
        .contains("in the first 65536 bytes");
  }

  /** Taken up again, a session would show the certificate of another server, or of long ago. */
  @Test
  void sessions_ofTheProbesOwn_areNotTakenUpAgain() throws Exception {
    Set<String> sessions = ConcurrentHashMap.newKeySet();
    Server server =
        tls(
            right,
            socket -> {
              ((SSLSocket) socket).setEnabledProtocols(new String[] {"TLSv1.2"});
              ScriptedServer.readHead(socket);
              sessions.add(Arrays.toString(((SSLSocket) socket).getSession().getId()));
              ScriptedServer.send(socket, OK);
              ScriptedServer.untilClosed(socket);
            });
    HttpProbe probe = PROBE.withTlsTrustingAnyone().withHost("fleet.example.com");
    for (int i = 0; i < 5; i++) {
      assertThat(fixture.check(probe, server)).isEqualTo(UP);
    }
    assertThat(sessions).hasSize(5);
  }

  @Test
  void serverWithoutTls_fails() throws Exception {
    Server plain =
        fixture
            .server(
                socket -> {
                  ScriptedServer.send(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
                  ScriptedServer.untilClosed(socket);
                })
            .server();
    assertThat(fixture.check(PROBE.withTlsTrustingAnyone(), plain).cause()).startsWith("TLS: ");
  }

  @Test
  void serverThatClosesInTheHandshake_fails() throws Exception {
    Server closing =
        fixture.server(socket -> socket.getInputStream().read(new byte[5000])).server();
    assertThat(fixture.check(PROBE.withTlsTrustingAnyone(), closing).cause())
        .containsAnyOf("closed in the TLS handshake", "reset");
  }

  @Test
  void silentInTheHandshake_isGivenUpWithTheCheck() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    Server silent =
        fixture
            .server(
                socket -> {
                  ScriptedServer.untilClosed(socket);
                  closed.countDown();
                })
            .server();
    ProbeContext context = fixture.context();
    CompletionStage<ProbeResult> stage = PROBE.withTlsTrustingAnyone().check(silent, context);
    Await.until("it waits", () -> "in the TLS handshake".equals(context.waitsFor()));
    context.end();
    assertThat(closed.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(stage.toCompletableFuture()).isCancelled();
  }

  /** Whatever pieces the network makes of the records; with a server in memory. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000, 16_000})
  void bytes_inPieces_areReadAsAtOnce(int pieceBytes) throws Exception {
    SSLEngine server = right.createSSLEngine();
    server.setUseClientMode(false);
    HttpAnswer answer =
        new HttpAnswer(
            new HttpAnswer.Expected(
                200, 399, "pong", new TextSearch.Pattern("pong"), 1 << 20, true));
    TlsDialogue client =
        new TlsDialogue(
            Tls.verifying(right).engine("127.0.0.1", 443),
            new Dialogue() {
              @Override
              public ProbeResult connected(Wire wire) throws IOException {
                wire.send(ByteBuffer.wrap("GET".getBytes(StandardCharsets.US_ASCII)));
                return null;
              }

              @Override
              public ProbeResult received(ByteBuffer bytes, Wire wire) {
                return answer.read(bytes);
              }

              @Override
              public ProbeResult ended() {
                return answer.end();
              }
            });
    MemoryWire wire = new MemoryWire();
    ByteBuffer reply =
        ByteBuffer.wrap(
            ("HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(50_000) + "pong")
                .getBytes(StandardCharsets.US_ASCII));
    ProbeResult verdict = client.connected(wire);
    while (verdict == null) {
      ByteBuffer toClient = ByteBuffer.wrap(serve(server, wire.taken(), reply));
      assertThat(toClient.hasRemaining()).isTrue();
      while (verdict == null && toClient.hasRemaining()) {
        int count = Math.min(pieceBytes, toClient.remaining());
        ByteBuffer piece = toClient.slice(toClient.position(), count);
        toClient.position(toClient.position() + count);
        verdict = client.received(piece, wire);
        while (verdict == null && wire.work != null) {
          Runnable work = wire.work;
          wire.work = null;
          work.run();
          verdict = client.received(ByteBuffer.allocate(0), wire);
        }
      }
    }
    assertThat(verdict).isEqualTo(UP);
  }

  /** What the server has to say to that; the reply as soon as it has been asked. */
  private static byte[] serve(SSLEngine server, byte[] input, ByteBuffer reply) throws Exception {
    ByteBuffer in = ByteBuffer.wrap(input);
    ByteBuffer plain = ByteBuffer.allocate(40_000);
    ByteBuffer out = ByteBuffer.allocate(200_000);
    while (true) {
      switch (server.getHandshakeStatus()) {
        case NEED_TASK -> server.getDelegatedTask().run();
        case NEED_WRAP -> server.wrap(ByteBuffer.allocate(0), out);
        default -> {
          if (in.hasRemaining()) {
            server.unwrap(in, plain);
          } else if (plain.position() > 0 && reply.hasRemaining()) {
            server.wrap(reply, out);
          } else {
            return Arrays.copyOf(out.array(), out.position());
          }
        }
      }
    }
  }

  /** Keeps what is sent, and work for later. */
  private static final class MemoryWire implements Dialogue.Wire {

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final ByteBuffer[] scratch = {
      ByteBuffer.allocate(48 * 1024), ByteBuffer.allocate(48 * 1024)
    };
    private Runnable work;

    byte[] taken() {
      byte[] taken = sent.toByteArray();
      sent.reset();
      return taken;
    }

    @Override
    public void send(ByteBuffer bytes) {
      while (bytes.hasRemaining()) {
        sent.write(bytes.get());
      }
    }

    @Override
    public void offload(Runnable offloaded) {
      work = offloaded;
    }

    @Override
    public ByteBuffer scratch(int which) {
      return scratch[which].clear();
    }
  }

  /** Handshakes beside one another, more than there are threads to check certificates. */
  @Test
  void manyAtOnce_allSucceed() throws Exception {
    Server server = tls(right, answering(OK));
    HttpProbe probe = PROBE.withTls(right);
    List<CompletionStage<ProbeResult>> stages = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      stages.add(probe.check(server, fixture.context()));
    }
    for (CompletionStage<ProbeResult> stage : stages) {
      assertThat(stage.toCompletableFuture().get(60, TimeUnit.SECONDS)).isEqualTo(UP);
    }
  }
}
