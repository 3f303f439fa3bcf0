package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.core.LoadBalancer;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.server.admin.ConfigControl;
import io.evenkeel.server.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the API changes is in the file afterwards, where that is wanted, and nothing else is. */
class WriteBackTest {

  @TempDir private Path folder;

  private static String[] yaml(boolean writeBack) {
    return new String[] {
      "# ours",
      "listeners: {web: {address: '127.0.0.1:0'}}",
      "balancers:",
      "  web:",
      "    health: off",
      "    selector: round_robin # fair",
      "    servers:",
      "      # the old one",
      "      - '127.0.0.1:1'",
      "      - {host: 127.0.0.1, port: 2}",
      "admin: {address: '127.0.0.1:0', write_back: " + writeBack + "}",
      "watch: true"
    };
  }

  private static void change(Program program) {
    LoadBalancer balancer = program.balancer("web");
    assertThat(balancer.update(Server.parse("127.0.0.1:2,weight=7"))).isTrue();
    balancer.add(Server.parse("127.0.0.1:3,zone=z"));
    assertThat(balancer.change().selector(Selectors.named("maglev")).apply()).isTrue();
  }

  @Test
  void off_theFileStaysAsItIs() throws Exception {
    try (Program program = Program.start(folder, yaml(false))) {
      change(program);
      program.control().changed("web", "test");
      assertThat(program.content()).isEqualTo(Program.text(yaml(false)));
    }
  }

  @Test
  void on_theFileSaysIt_commentsStay_anotherProcessStartsFromIt_andItIsNoReload() throws Exception {
    try (Program program = Program.start(folder, yaml(true))) {
      change(program);
      program.control().changed("web", "test");
      String written = program.content();
      assertThat(written).contains("# ours", "# the old one", "maglev", "7", "127.0.0.1", "zone");
      assertThat(program.control().reload("test")).isEmpty();
      assertThat(program.content()).isEqualTo(written);
      try (Program other = Program.start(Files.createDirectory(folder.resolve("other")), written)) {
        assertThat(other.servers("web")).isEqualTo(program.servers("web"));
        assertThat(Selectors.describe(other.balancer("web").settings().selector()).name())
            .isEqualTo("maglev");
      }
      assertThat(program.balancer("web").remove("127.0.0.1:1")).isTrue();
      program.control().changed("web", "test");
      assertThat(program.control().reload("test")).isEmpty();
      assertThat(program.ids("web")).containsExactly("127.0.0.1:2", "127.0.0.1:3");
    }
  }

  @Test
  void serverThatTheFileHasAtItsTop_isNewHere_theOrderOfTheFileStays_withItsComments()
      throws Exception {
    try (Program program = Program.start(folder, yaml(true))) {
      String[] yaml = yaml(true);
      yaml[7] = "      - '127.0.0.1:9' # on top\n" + yaml[7];
      assertThat(program.reload(yaml)).hasSize(1);
      assertThat(program.balancer("web").drain("127.0.0.1:9")).isTrue();
      program.control().changed("web", "test");
      assertThat(program.content()).isEqualTo(Program.text(yaml));
    }
  }

  @Test
  void fileThatSomebodyElseHasChanged_isLeftAlone_theChangeIsInForceAllTheSame() throws Exception {
    try (Program program = Program.start(folder, yaml(true))) {
      change(program);
      String theirs = Program.text(yaml(true)) + "# theirs\n";
      Files.writeString(program.file(), theirs);
      assertThatThrownBy(() -> program.control().changed("web", "test"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("somebody has changed it");
      assertThat(program.content()).isEqualTo(theirs);
      assertThat(program.ids("web")).hasSize(3);
      assertThat(program.control().reload("test")).isEmpty();
      program.control().changed("web", "test");
      assertThat(program.content()).contains("# theirs", "maglev");
    }
  }

  @Test
  void replace_isWrittenToo_withoutWhatTheCommandLineOverrides() throws Exception {
    RunOptions options = new RunOptions();
    options.selector = "random";
    try (Program program = Program.start(folder, options, yaml(true))) {
      String shown = program.control().json();
      assertThat(
              program
                  .control()
                  .replace(
                      shown.replace("\"watch\"", "\"drain\": \"5s\", \"watch\""),
                      now -> true,
                      "test"))
          .containsExactly("drain is 5s, was 30s");
      assertThat(program.content()).contains("# ours", "drain: 5s");
      assertThat(program.balancer("web").update(Server.parse("127.0.0.1:2,weight=7"))).isTrue();
      program.control().changed("web", "test");
      assertThat(program.content()).contains("weight: 7");
    }
  }

  @Test
  void whatCouldNotBeWritten_isToldEachTime_andWrittenWithTheNextChange() throws Exception {
    try (Program program = Program.start(folder, yaml(true))) {
      Control control = program.control();
      String ours = program.content();
      Files.writeString(program.file(), ours + "# theirs\n");
      String shown = control.json();
      String wanted = shown.replace("\"watch\"", "\"drain\": \"5s\", \"watch\"");
      assertThatThrownBy(() -> control.replace(wanted, now -> true, "test"))
          .isInstanceOf(IOException.class);
      assertThat(control.drain()).hasSeconds(5);
      change(program);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> control.changed("web", "test"))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("somebody has changed it");
      }
      assertThat(program.content()).isEqualTo(ours + "# theirs\n");

      Files.writeString(program.file(), ours);
      control.changed("web", "test");
      assertThat(program.content()).contains("drain: 5s", "maglev", "# ours");
      assertThat(control.reload("test")).isEmpty();
      assertThat(control.drain()).hasSeconds(5);
    }
  }

  @Test
  void whatCouldNotBeWrittenOfOneBalancer_isWrittenWithAChangeOfAnother() throws Exception {
    try (Program program = Program.start(folder, two())) {
      String ours = program.content();
      Files.writeString(program.file(), ours + "# theirs\n");
      assertThat(program.balancer("web").update(Server.parse("127.0.0.1:2,weight=7"))).isTrue();
      assertThatThrownBy(() -> program.control().changed("web", "test"))
          .isInstanceOf(IOException.class);
      Files.writeString(program.file(), ours);
      assertThat(program.balancer("api").update(Server.parse("127.0.0.1:1,weight=3"))).isTrue();
      program.control().changed("api", "test");
      assertThat(program.content()).contains("weight=7", "weight=3");
    }
  }

  private static String[] two() {
    return new String[] {
      "listeners: {web: {address: '127.0.0.1:0', balancer: web}}",
      "balancers:",
      "  web: {health: off, servers: ['127.0.0.1:1', '127.0.0.1:2']}",
      "  api: {health: off, servers: ['127.0.0.1:1', '127.0.0.1:2']}",
      "admin: {address: '127.0.0.1:0', write_back: true}"
    };
  }

  /** With and without write-back, what the API changed stays where the file says nothing new. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void reload_leavesWhatTheApiChanged_ofWhatAnOptionOverrides(boolean writeBack) throws Exception {
    RunOptions options = new RunOptions();
    options.selector = "random";
    options.servers = List.of(Server.parse("127.0.0.1:7"), Server.parse("127.0.0.1:8"));
    try (Program program = Program.start(folder, options, yaml(writeBack))) {
      LoadBalancer balancer = program.balancer("web");
      balancer.add(Server.parse("127.0.0.1:9"));
      assertThat(balancer.change().selector(Selectors.named("maglev")).apply()).isTrue();
      program.control().changed("web", "test");
      assertThat(program.content()).isEqualTo(Program.text(yaml(writeBack)));
      assertThat(program.control().reload("test")).isEmpty();
      assertThat(program.ids("web")).containsExactly("127.0.0.1:7", "127.0.0.1:8", "127.0.0.1:9");
      assertThat(Selectors.describe(balancer.settings().selector()).name()).isEqualTo("maglev");
    }
  }

  @Test
  void replace_writesNothingOfTheOptions_unlessTheSenderChangesIt() throws Exception {
    RunOptions options = new RunOptions();
    options.selector = "random";
    options.drain = Duration.ofSeconds(9);
    try (Program program = Program.start(folder, options, yaml(true))) {
      Control control = program.control();
      String shown = control.json();
      assertThat(shown).contains("random", "9s");
      List<String> changes =
          control.replace(
              shown.replace("\"watch\"", "\"summary\": \"60s\", \"watch\""), now -> true, "test");
      assertThat(changes).hasSize(1).allMatch(change -> change.startsWith("summary is 1m"));
      assertThat(program.content())
          .contains("summary: 1m", "selector: round_robin # fair", "# ours")
          .doesNotContain("random", "9s", "drain");
      assertThat(control.reload("test")).isEmpty();
    }
  }

  /**
   * The change is made in the middle of the replacement, as it may be while names are looked up.
   */
  @Test
  void changeOfTheApi_whileAnotherConfigurationIsPrepared_isSeenBeforeThatIsInForce()
      throws Exception {
    try (Program program = Program.start(folder, yaml(true))) {
      Control control = program.control();
      String shown = control.json();
      String wanted = shown.replace("\"watch\"", "\"drain\": \"5s\", \"watch\"");
      AtomicInteger asked = new AtomicInteger();
      assertThatThrownBy(
              () ->
                  control.replace(
                      wanted,
                      now -> {
                        boolean isExpected = now.equals(shown);
                        if (asked.getAndIncrement() == 0) {
                          change(program);
                          assertThatCode(() -> control.changed("web", "test"))
                              .doesNotThrowAnyException();
                        }
                        return isExpected;
                      },
                      "test"))
          .isInstanceOf(ConfigControl.ChangedMeanwhileException.class);
      assertThat(control.drain()).hasSeconds(30);
      assertThat(program.content()).contains("maglev");
      assertThat(control.reload("test")).isEmpty();
      assertThat(program.ids("web")).hasSize(3);

      asked.set(0); // whoever does not mind is not held up by that
      assertThat(
              control.replace(
                  wanted,
                  now -> {
                    if (asked.getAndIncrement() == 0) {
                      program.balancer("web").add(Server.parse("127.0.0.1:4"));
                      assertThatCode(() -> control.changed("web", "test"))
                          .doesNotThrowAnyException();
                    }
                    return true;
                  },
                  "test"))
          .contains("drain is 5s, was 30s", "balancer web: server 127.0.0.1:4: removed");
      assertThat(program.ids("web")).containsExactly("127.0.0.1:1", "127.0.0.1:2");
      assertThat(control.reload("test")).isEmpty();
    }
  }

  /** Sent back as it is shown, nothing changes: not what the API changed, nor the file. */
  @Test
  void replace_byWhatIsShown_isNoChange_besideOptions() throws Exception {
    RunOptions options = new RunOptions();
    options.servers = List.of(Server.parse("127.0.0.1:5"), Server.parse("127.0.0.1:6"));
    options.selector = "random";
    try (Program program = Program.start(folder, options, yaml(true))) {
      Control control = program.control();
      program.balancer("web").add(Server.parse("127.0.0.1:7"));
      assertThat(program.balancer("web").update(Server.parse("127.0.0.1:5,weight=9"))).isTrue();
      control.changed("web", "test");
      String shown = control.json();
      assertThat(control.replace(shown, shown::equals, "test")).isEmpty();
      assertThat(program.ids("web")).containsExactly("127.0.0.1:5", "127.0.0.1:6", "127.0.0.1:7");
      assertThat(program.servers("web").get(0).weight()).isEqualTo(9);
      assertThat(program.content()).isEqualTo(Program.text(yaml(true)));
      assertThat(control.reload("test")).isEmpty();
      assertThat(control.json()).isEqualTo(shown);
    }
  }

  @Test
  void replace_ofWhatAnOptionOverrides_isRefused_notDroppedInSilence() throws Exception {
    RunOptions options = new RunOptions();
    options.selector = "random";
    try (Program program = Program.start(folder, options, yaml(true))) {
      Control control = program.control();
      String shown = control.json();
      assertThatThrownBy(
              () ->
                  control.replace(
                      shown.replace("\"random\"", "\"round_robin\""), now -> true, "test"))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("the command line overrides it")
          .hasMessageContaining("selector is random");
      assertThat(control.json()).isEqualTo(shown);
      assertThat(program.content()).isEqualTo(Program.text(yaml(true)));
    }
  }

  /** Of a selector's options, one from the command line, and another that is changed. */
  @Test
  void replace_besideAnOptionWithinTheSameSection_writesOnlyWhatIsChanged() throws Exception {
    RunOptions options = new RunOptions();
    options.selectorOptions = List.of("placement=ketama");
    String[] yaml = yaml(true);
    yaml[5] = "    selector: {name: ring_hash, bounded: '0.5'}";
    try (Program program = Program.start(folder, options, yaml)) {
      Control control = program.control();
      String shown = control.json();
      assertThat(shown).contains("ketama", "0.5");
      assertThat(control.replace(shown.replace("0.5", "0.7"), now -> true, "test")).hasSize(1);
      assertThat(program.content()).contains("0.7").doesNotContain("ketama");
      assertThat(control.json()).contains("ketama", "0.7");
      assertThat(control.reload("test")).isEmpty();
    }
  }

  /** It says the same as the file, and lies over it all the same. */
  @Test
  void optionThatSaysTheSame_isAnOption() throws Exception {
    RunOptions options = new RunOptions();
    options.servers = List.of(Server.parse("127.0.0.1:1"), Server.parse("127.0.0.1:2"));
    options.selector = "round_robin";
    try (Program program = Program.start(folder, options, yaml(true))) {
      change(program);
      program.control().changed("web", "test");
      assertThat(program.content()).isEqualTo(Program.text(yaml(true)));
      assertThat(program.control().reload("test")).isEmpty();
      assertThat(program.ids("web")).hasSize(3);
    }
  }

  @Test
  void tokens_areNotWritten_soNoneIsTakenByAReplacement() throws Exception {
    String[] yaml = yaml(true);
    yaml[10] =
        "admin: {address: '127.0.0.1:0', write_back: true, tokens: {ops: {token: 'the-first-secret-of-ops'}}}";
    try (Program program = Program.start(folder, yaml)) {
      Control control = program.control();
      String shown = control.json();
      String rotated = shown.replaceFirst("\\(unchanged\\)", "the-second-secret-of-ops");
      assertThat(rotated).isNotEqualTo(shown);
      assertThatThrownBy(() -> control.replace(rotated, now -> true, "test"))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("writes no token")
          .hasMessageNotContaining("second-secret");
      change(program);
      control.changed("web", "test");
      assertThat(program.content()).contains("maglev", "the-first-secret-of-ops");
    }
  }
}
