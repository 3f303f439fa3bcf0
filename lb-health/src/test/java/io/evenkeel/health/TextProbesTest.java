package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Send and expect, and the agent, against real servers. */
class TextProbesTest {

  private static final ProbeResult UP = ProbeResult.success();
  private static final Probe PING = Probes.sendExpect("PING\r\n", "+PONG");

  private final ProbeFixture fixture = new ProbeFixture();

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void sendExpect_asRedisAnswers_succeeds() throws Exception {
    assertThat(
            fixture.check(
                PING,
                socket -> {
                  byte[] command = socket.getInputStream().readNBytes(6);
                  assertThat(new String(command, StandardCharsets.US_ASCII)).isEqualTo("PING\r\n");
                  ScriptedServer.send(socket, "+PO");
                  ScriptedServer.send(socket, "NG\r\n");
                  ScriptedServer.untilClosed(socket);
                }))
        .isEqualTo(UP);
  }

  @Test
  void sendExpect_greeting_needsNothingSent() throws Exception {
    assertThat(
            fixture.check(
                Probes.sendExpect("", "220 "),
                socket -> {
                  ScriptedServer.send(socket, "220 mail.example.com ESMTP\r\n");
                  ScriptedServer.untilClosed(socket);
                }))
        .isEqualTo(UP);
  }

  @Test
  void sendExpect_anotherAnswer_saysWhatCame() throws Exception {
    assertThat(
            fixture.check(
                PING,
                socket -> {
                  socket.getInputStream().readNBytes(6);
                  ScriptedServer.send(socket, "-NOAUTH required\r\n");
                }))
        .isEqualTo(ProbeResult.failure("'+PONG' not in the answer: '-NOAUTH required..'"));
    assertThat(fixture.check(PING, socket -> socket.getInputStream().readNBytes(6)))
        .isEqualTo(ProbeResult.failure("closed without an answer"));
    assertThat(fixture.check(PING, ProbeFixture.refusing()))
        .isEqualTo(ProbeResult.failure("connection refused"));
  }

  @Test
  void sendExpect_endlessAnswer_isReadNoFurther() throws Exception {
    assertThat(
            fixture
                .check(
                    PING,
                    socket -> {
                      while (true) {
                        ScriptedServer.send(socket, "blah ");
                      }
                    })
                .cause())
        .startsWith("'+PONG' not in the first 65536 bytes, which begin 'blah blah");
  }

  @ParameterizedTest
  @CsvSource({
    "up, success",
    "UP, success",
    "75%, 'success, 75 % of its weight'",
    "'up 75%', 'success, 75 % of its weight'",
    "'75% up', 'success, 75 % of its weight'",
    "100%, success",
    "1%, 'success, 1 % of its weight'",
    "0%, 'failure: agent says 0%'",
    "down, 'failure: agent says down'",
    "drain, 'failure: agent says drain'",
    "Maint, 'failure: agent says maint'",
    "'down 50%', 'failure: agent says down'",
  })
  void agent_line_decides(String line, String result) {
    assertThat(AgentProbe.resultOf(line)).hasToString(result);
    assertThat(AgentProbe.resultOf(" " + line + "\r").isDecisive()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yes", "101%", "up down", "-5%", "50", "75%%", "99999999999%"})
  void agent_otherLine_isAFailureThatDoesNotDecide(String line) {
    ProbeResult result = AgentProbe.resultOf(line);
    assertThat(result.isSuccess()).isFalse();
    assertThat(result.isDecisive()).isFalse();
    assertThat(result.cause()).contains("expected");
  }

  @Test
  void agent_isAskedOnItsOwnPort_withOrWithoutALineEnd() throws Exception {
    Server server = Server.of("127.0.0.1", 1);
    for (String line : new String[] {"drain\n", "drain\r\nmore", "drain"}) {
      try (ScriptedServer agent =
          ScriptedServer.start(
              socket -> {
                ScriptedServer.send(socket, line);
                socket.shutdownOutput();
                ScriptedServer.untilClosed(socket);
              })) {
        assertThat(fixture.check(Probes.agent(agent.port()), server))
            .isEqualTo(ProbeResult.failure("agent says drain").decisive());
      }
    }
  }

  @Test
  void agent_badLines_fail() throws Exception {
    Server server = Server.of("127.0.0.1", 1);
    try (ScriptedServer agent =
        ScriptedServer.start(
            socket -> {
              while (true) {
                ScriptedServer.send(socket, "x");
              }
            })) {
      assertThat(fixture.check(Probes.agent(agent.port()), server))
          .isEqualTo(ProbeResult.failure("agent's line is longer than 256 bytes"));
      agent.script(
          socket -> {
            socket.shutdownOutput();
            ScriptedServer.untilClosed(socket);
          });
      assertThat(fixture.check(Probes.agent(agent.port()), server))
          .isEqualTo(ProbeResult.failure("agent closed without a line"));
    }
  }

  @Test
  void badInput_isRefused() {
    assertThatThrownBy(() -> Probes.sendExpect("PING", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expect: '' (expected: not empty)");
    for (int port : new int[] {0, -1, 65_536}) {
      assertThatThrownBy(() -> Probes.agent(port))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("port: " + port + " (expected: 1 to 65535)");
    }
    assertThatThrownBy(() -> ProbeResult.success().withWeight(0))
        .hasMessage("percent: 0 (expected: 1 to 100)");
    assertThatThrownBy(() -> ProbeResult.failure("x").withWeight(50))
        .isInstanceOf(IllegalStateException.class);
  }
}
