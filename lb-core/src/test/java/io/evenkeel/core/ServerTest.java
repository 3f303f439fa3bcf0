package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** A server is an immutable value that checks itself. */
class ServerTest {

  private final Server server = Server.of("10.0.0.1", 8080);

  @Test
  void of_defaults() {
    assertThat(server.id()).isEqualTo("10.0.0.1:8080");
    assertThat(server.host()).isEqualTo("10.0.0.1");
    assertThat(server.port()).isEqualTo(8080);
    assertThat(server.weight()).isEqualTo(1);
    assertThat(server.tier()).isZero();
    assertThat(server.zone()).isNull();
    assertThat(server.metadata()).isEmpty();
    assertThat(Server.of("h", 0).port()).isZero();
    assertThat(Server.of("h", 65_535).port()).isEqualTo(65_535);
  }

  @Test
  void of_ipv6Host_standsInBracketsOnceInItsId() {
    assertThat(Server.of("::1", 80).id()).isEqualTo("[::1]:80");
    assertThat(Server.of("::1", 80).host()).isEqualTo("::1");
    assertThat(Server.of("[::1]", 80).id()).isEqualTo("[::1]:80");
  }

  @Test
  void badArguments_areNamedWithTheirRange() {
    assertBad("host: ' ' (expected: not blank)", () -> Server.of(" ", 80));
    assertBad("port: -1 (expected: 0 to 65535)", () -> Server.of("h", -1));
    assertBad("port: 65536 (expected: 0 to 65535)", () -> Server.of("h", 65_536));
    assertBad("id: '' (expected: not blank)", () -> server.withId(""));
    assertBad("weight: -1 (expected: 0 to 1000000)", () -> server.withWeight(-1));
    assertBad("weight: 1000001 (expected: 0 to 1000000)", () -> server.withWeight(1_000_001));
    assertBad("tier: -1 (expected: >= 0)", () -> server.withTier(-1));
    assertBad("maxConcurrent: -1 (expected: >= 0)", () -> server.withMaxConcurrent(-1));
    assertBad("zone: '' (expected: not blank)", () -> server.withZone(""));
    assertBad("host: null (expected: not blank)", () -> Server.of(null, 1));
    assertBad("id: null (expected: not blank)", () -> server.withId(null));
    assertThatNullPointerException()
        .isThrownBy(() -> server.withMetadata("k", null))
        .withMessage("value");
  }

  @Test
  void with_leavesTheOriginalAlone_andKeepsTheRest() {
    Server changed =
        server
            .withId("a")
            .withWeight(3)
            .withTier(1)
            .withMaxConcurrent(7)
            .withZone("z1")
            .withMetadata("k", "v")
            .withMetadata("k2", "v2");
    assertThat(server).isEqualTo(Server.of("10.0.0.1", 8080));
    assertThat(changed.id()).isEqualTo("a");
    assertThat(changed.host()).isEqualTo("10.0.0.1");
    assertThat(changed.port()).isEqualTo(8080);
    assertThat(changed.weight()).isEqualTo(3);
    assertThat(changed.tier()).isEqualTo(1);
    assertThat(changed.withId("b").withWeight(2).withTier(0).maxConcurrent()).isEqualTo(7);
    assertThat(changed.withZone(null).withMetadata("k", "w").maxConcurrent()).isEqualTo(7);
    assertThat(server.maxConcurrent()).isZero();
    assertThat(changed.zone()).isEqualTo("z1");
    assertThat(changed.metadata()).containsEntry("k", "v").containsEntry("k2", "v2").hasSize(2);
    assertThat(changed.withZone(null).zone()).isNull();
    assertThatThrownBy(() -> changed.metadata().put("x", "y"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void equals_comparesEveryComponent() {
    Server full = full();
    assertThat(full).isEqualTo(full()).hasSameHashCodeAs(full());
    assertThat(full)
        .isNotEqualTo(full.withId("b"))
        .isNotEqualTo(full.withWeight(9))
        .isNotEqualTo(full.withTier(9))
        .isNotEqualTo(full.withMaxConcurrent(9))
        .isNotEqualTo(full.withZone(null))
        .isNotEqualTo(full.withMetadata("k", "w"))
        .isNotEqualTo(Server.of("other", 80).withId("a"))
        .isNotEqualTo(null)
        .isNotEqualTo("a");
  }

  @Test
  void toString_showsWhereItIs() {
    assertThat(server).hasToString("10.0.0.1:8080");
    assertThat(server.withId("a")).hasToString("a (10.0.0.1:8080)");
  }

  private static Server full() {
    return Server.of("h", 80)
        .withId("a")
        .withWeight(2)
        .withTier(1)
        .withZone("z")
        .withMetadata("k", "v");
  }

  private static void assertBad(
      String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
  }
}
