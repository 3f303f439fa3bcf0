package io.evenkeel.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ConfigFile;
import io.evenkeel.server.config.ConfigWriter.How;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigTextTest {

  private static final String GOOD =
      "listeners: {web: {address: '127.0.0.1:0'}}\nbalancers: {web: {servers: ['10.0.0.1:80']}}\n";

  @TempDir private Path folder;
  private Path path;
  private ConfigText file;
  private Config after;

  @BeforeEach
  void isInForce() throws Exception {
    path = Files.writeString(folder.resolve("evenkeel.yaml"), GOOD);
    file = new ConfigText(path);
    file.isInForce(file.read());
    after = ConfigFile.read(path, GOOD + "drain: 2s\n");
  }

  @Test
  void asItIs_isNoNews() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(file.isNews()).isFalse();
    }
  }

  @Test
  void changed_isNewsOnceItHasComeToRest_untilItIsRead() throws Exception {
    Files.writeString(path, GOOD + "dra");
    assertThat(file.isNews()).isFalse();
    Files.writeString(path, GOOD + "drain: 1s");
    assertThat(file.isNews()).isFalse();
    assertThat(file.isNews()).isTrue();
    assertThat(file.read().config().drain()).hasSeconds(1);
    assertThat(file.isNews()).isFalse();
    assertThat(file.isNews()).isFalse();
  }

  @Test
  void bad_isNewsOnce() throws Exception {
    Files.writeString(path, "listeners: [");
    assertThat(file.isNews()).isFalse();
    assertThat(file.isNews()).isTrue();
    assertThatThrownBy(file::read).isInstanceOf(ConfigException.class);
    assertThat(file.isNews()).isFalse();
  }

  @Test
  void notThere_aFolder_notUtf8_areSaidByName() throws Exception {
    Files.write(path, new byte[] {(byte) 0xff});
    assertThatThrownBy(file::read).isInstanceOf(IOException.class).hasMessage(path + ": not UTF-8");
    Files.delete(path);
    assertThatThrownBy(file::read)
        .isInstanceOf(IOException.class)
        .hasMessage(path + ": is not there (expected: a file that can be read)");
    Files.createDirectory(path);
    assertThatThrownBy(file::read).isInstanceOf(IOException.class).hasMessageContaining("regular");
  }

  @Test
  void write_putsANewFileInItsPlace_withItsRights_throughALink_andIsNoNews() throws Exception {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));
    Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), path);
    file = new ConfigText(link);
    file.isInForce(file.read());
    Object before = Files.readAttributes(path, "unix:ino").get("ino");
    assertThat(file.write(after)).isEqualTo(How.EDITED);
    assertThat(Files.readString(path)).startsWith(GOOD).contains("drain: 2s");
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-r-----");
    assertThat(Files.readAttributes(path, "unix:ino").get("ino")).isNotEqualTo(before);
    assertThat(file.isNews()).isFalse();
    assertThat(file.isNews()).isFalse();
    assertThat(file.read().config()).isEqualTo(after);
    assertThat(file.write(after)).isEqualTo(How.UNCHANGED);
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactlyInAnyOrder(path, link);
    }
  }

  @Test
  void write_keepsOwnerAndGroup() throws Exception {
    PosixFileAttributeView rights = Files.getFileAttributeView(path, PosixFileAttributeView.class);
    UserPrincipalLookupService users = path.getFileSystem().getUserPrincipalLookupService();
    try {
      rights.setGroup(users.lookupPrincipalByGroupName("daemon"));
      rights.setOwner(users.lookupPrincipalByName("daemon"));
    } catch (IOException e) {
      Assumptions.abort("only root may give files away: " + e);
    }
    assertThat(file.write(after)).isEqualTo(How.EDITED);
    assertThat(rights.readAttributes().group().getName()).isEqualTo("daemon");
    assertThat(rights.readAttributes().owner().getName()).isEqualTo("daemon");
  }

  @Test
  void write_isRefused_whereSomebodyElseHasChangedIt() throws Exception {
    Files.writeString(path, GOOD + "# mine\n");
    assertThatThrownBy(() -> file.write(after))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("somebody has changed it");
    assertThat(Files.readString(path)).isEqualTo(GOOD + "# mine\n");
  }

  @Test
  void write_isRefused_whereWhatWasReadIsNotInForce() throws Exception {
    Files.writeString(path, "listeners: [");
    assertThatThrownBy(file::read).isInstanceOf(ConfigException.class);
    assertThatThrownBy(() -> file.write(after)).isInstanceOf(IOException.class);
  }
}
