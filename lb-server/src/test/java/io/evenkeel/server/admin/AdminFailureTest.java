package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.server.admin.Api.Reply;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is a fault of ours, or of a user's code, is answered all the same, and says nothing. */
class AdminFailureTest {

  @Test
  void whateverIsThrown_isAnsweredAtOnce_andTheNextRequestIsAsEver() throws Exception {
    Throwable[] thrown = new Throwable[1];
    try (Api api =
        new Api(
            builder ->
                builder.config(
                    new PutProgram(
                        () -> {
                          if (thrown[0] instanceof Error error) {
                            throw error;
                          }
                          throw (RuntimeException) thrown[0];
                        })))) {
      for (Throwable one :
          List.of(
              new IllegalStateException("secret"),
              new AssertionError("secret"),
              new StackOverflowError("secret"),
              new NoClassDefFoundError("secret"))) {
        thrown[0] = one;
        Reply reply = api.send("PUT", "/api/v1/config", "{}");
        assertThat(reply.status()).as(one.toString()).isEqualTo(500);
        assertThat(reply.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(reply.body()).doesNotContain("secret");
        assertThat(api.get("/api/v1/servers").status()).isEqualTo(200);
      }
    }
  }
}
