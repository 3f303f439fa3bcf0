package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.Server;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServerSpecTest {

  @Test
  void checkTogether_findsWhatNoSingleOneCanGetWrong() {
    Server a = Server.of("a", 80);
    Server b = Server.of("b", 80);
    assertThatCode(() -> ServerSpec.checkTogether(List.of(a.withWeight(0), b), false))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> ServerSpec.checkTogether(List.of(a, b.withId("a:80")), false))
        .hasMessageContaining("'a:80' is there twice");
    assertThatThrownBy(
            () -> ServerSpec.checkTogether(List.of(a.withWeight(0), b.withWeight(0)), false))
        .hasMessageContaining("every weight is 0");
  }
}
