package io.evenkeel.core;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A file of servers, and all that can happen to it. */
class FileSourceTest {

  private final VirtualTime time = new VirtualTime();
  @TempDir private Path folder;
  private Path file;
  private LoadBalancer balancer;

  @BeforeEach
  void name() {
    file = folder.resolve("servers");
  }

  @AfterEach
  void nothingIsLeft() {
    if (balancer != null) {
      balancer.close();
      assertThat(time.pending()).isZero();
    }
  }

  private void build(String... lines) throws IOException {
    Files.write(file, List.of(lines));
    balancer = LoadBalancer.builder().source(FileSource.of(file).withScheduler(time)).build();
  }

  private List<String> afterASecond() {
    time.advance(ofMillis(1_200));
    return balancer.nodes().stream().map(node -> node.server().id()).toList();
  }

  @Test
  void lines_commentsAndBlanks() {
    assertThat(
            FileSource.parseLines(
                "# all of them\r\n10.0.0.1:80\n\n  db:81,weight=3,zone=a#1,id=b\t# the big one \n"
                    + "[::1]:82,tier=1 #\n#10.0.0.9:80"))
        .containsExactly(
            Server.of("10.0.0.1", 80),
            Server.of("db", 81).withWeight(3).withZone("a#1").withId("b"),
            Server.of("::1", 82).withTier(1));
    assertThat(FileSource.parseLines("")).isEmpty();
  }

  @Test
  void servers_areThereWhenTheBalancerIs_andFollowTheFile() throws IOException {
    build("10.0.0.1:80", "10.0.0.2:80");
    assertThat(balancer.nodes()).hasSize(2);
    Node first = balancer.nodes().get(0);
    assertThat(afterASecond()).hasSize(2);
    Files.writeString(file, "10.0.0.1:80,weight=2\n10.0.0.3:80\n");
    assertThat(afterASecond()).containsExactly("10.0.0.1:80", "10.0.0.3:80");
    assertThat(balancer.nodes().get(0)).isSameAs(first);
    assertThat(first.weight()).isEqualTo(2);
  }

  @Test
  void listThatCouldNotBeApplied_isOfferedAgain_thoughTheFileHasNotChanged() throws IOException {
    Files.writeString(file, "10.0.0.1:80");
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_000_000L));
    AtomicInteger broken = new AtomicInteger(1);
    balancer =
        LoadBalancer.builder()
            .source(FileSource.of(file).withScheduler(time))
            .selector(
                (candidates, previous) -> {
                  if (!candidates.members().isEmpty() && broken.getAndDecrement() > 0) {
                    throw new IllegalStateException("a user's bug");
                  }
                  return Selectors.roundRobin().create(candidates, previous);
                })
            .build();
    assertThat(balancer.nodes()).isEmpty();
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
    broken.set(2);
    Files.writeString(file, "10.0.0.2:80");
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_007_000L));
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
    time.advance(ofSeconds(3));
    assertThat(afterASecond()).containsExactly("10.0.0.2:80");
    assertThat(broken).hasValueLessThan(1);
  }

  @Test
  void byteOrderMark_isLeftOut_whateverTheFormat() throws IOException {
    Files.writeString(file, "\uFEFF10.0.0.1:80\n\uFEFF");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().source(FileSource.of(file)).build())
        .withMessageContaining("line 2");
    build("\uFEFF10.0.0.1:80");
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
    balancer.close();
    FileSource parsed =
        FileSource.of(file)
            .withScheduler(time)
            .withParser(text -> List.of(Server.of("length", text.length())));
    balancer = LoadBalancer.builder().source(parsed).build();
    assertThat(afterASecond()).containsExactly("length:12");
  }

  @Test
  void noServersAtTheStart_isTheBuildersFailure_unlessAllowed() throws IOException {
    Files.writeString(file, "# nobody\n");
    FileSource source = FileSource.of(file).withScheduler(time);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().source(source).build())
        .withMessage("file '" + file + "': no servers (expected: at least one)");
    assertThat(time.pending()).isZero();
    balancer = LoadBalancer.builder().source(source).allowEmpty(true).build();
    assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    Files.writeString(file, "10.0.0.1:80\n");
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
  }

  @Test
  void sameSizeAndTime_isSeenAllTheSame_whileTheTimeIsFresh() throws IOException {
    Files.writeString(file, "10.0.0.1:80\n");
    // However slow this machine is, the time is not old yet when the file is read.
    FileTime modified = FileTime.fromMillis(System.currentTimeMillis() + 600_000);
    Files.setLastModifiedTime(file, modified);
    balancer = LoadBalancer.builder().source(FileSource.of(file).withScheduler(time)).build();
    Files.writeString(file, "10.0.0.2:80\n");
    Files.setLastModifiedTime(file, modified);
    assertThat(afterASecond()).containsExactly("10.0.0.2:80");
  }

  @Test
  void unchanged_isNotParsedAgain_norRead() throws IOException {
    AtomicInteger parsed = new AtomicInteger();
    Files.writeString(file, "x");
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_000_000L));
    balancer =
        LoadBalancer.builder()
            .source(
                FileSource.of(file)
                    .withScheduler(time)
                    .withParser(
                        text -> {
                          parsed.incrementAndGet();
                          return List.of(Server.of(text.strip(), 80));
                        }))
            .build();
    time.advance(ofSeconds(20));
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_007_000L)); // touched
    assertThat(afterASecond()).containsExactly("x:80");
    assertThat(parsed).hasValue(1);
    Files.writeString(file, "y");
    assertThat(afterASecond()).containsExactly("y:80");
  }

  @Test
  void renameOver_isSeen_evenWithTheSameSizeAndAnOldTime() throws IOException {
    Files.writeString(file, "10.0.0.1:80");
    FileTime old = FileTime.fromMillis(1_000_000_000_000L);
    Files.setLastModifiedTime(file, old);
    balancer = LoadBalancer.builder().source(FileSource.of(file).withScheduler(time)).build();
    Path beside = Files.writeString(folder.resolve("new"), "10.0.0.2:80");
    Files.setLastModifiedTime(beside, old);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    assertThat(afterASecond()).containsExactly("10.0.0.2:80");
  }

  /** {@code servers -> ..data/servers}, {@code ..data -> ..1}, and then {@code ..data -> ..2}. */
  @Test
  void configMap_linksAreSwapped_isSeen() throws IOException {
    Path data = folder.resolve("..data");
    for (String version : List.of("1", "2")) {
      Path versioned = Files.createDirectory(folder.resolve(".." + version));
      Files.writeString(versioned.resolve("servers"), "10.0.0." + version + ":80");
    }
    Files.createSymbolicLink(data, Path.of("..1"));
    Files.createSymbolicLink(file, Path.of("..data", "servers"));
    balancer = LoadBalancer.builder().source(FileSource.of(file).withScheduler(time)).build();
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
    Path swap = Files.createSymbolicLink(folder.resolve("..data_tmp"), Path.of("..2"));
    Files.move(swap, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    assertThat(afterASecond()).containsExactly("10.0.0.2:80");
  }

  @Test
  void badLater_theLastListStays_andItIsToldOnceUntilTheFileChanges() throws IOException {
    build("10.0.0.1:80");
    try (StandardError log = new StandardError()) {
      Files.writeString(file, "10.0.0.2:80\n\n10.0.0.3:80,wieght=3\n");
      assertThat(afterASecond()).containsExactly("10.0.0.1:80");
      time.advance(ofSeconds(30));
      assertThat(log.lines("WARN"))
          .singleElement()
          .asString()
          .contains("file '" + file + "': line 3: '10.0.0.3:80,wieght=3': unknown key 'wieght'")
          .contains("(expected: weight, tier, zone, max_concurrent or id)")
          .contains("the last list stays");
      Files.writeString(file, "10.0.0.2:80\n10.0.0.2:80,weight=3\n");
      assertThat(afterASecond()).containsExactly("10.0.0.1:80");
      assertThat(log.lines("WARN")).hasSize(2).last().asString().contains("'10.0.0.2:80' is there");
      Files.writeString(file, "10.0.0.1:80\n");
      assertThat(afterASecond()).containsExactly("10.0.0.1:80");
      assertThat(log.lines("INFO")).last().asString().contains("is well again, servers: 1");
    }
  }

  @Test
  void goneLater_theLastListStays_andItIsReadWhenItIsBack() throws IOException {
    build("10.0.0.1:80");
    try (StandardError log = new StandardError()) {
      Files.delete(file);
      time.advance(ofSeconds(30));
      assertThat(afterASecond()).containsExactly("10.0.0.1:80");
      assertThat(log.lines("WARN")).singleElement().asString().contains("is not there");
      Files.writeString(file, "10.0.0.1:80\n");
      assertThat(afterASecond()).containsExactly("10.0.0.1:80");
      assertThat(log.lines("INFO")).last().asString().contains("is well again");
      Files.delete(file);
      assertThat(afterASecond()).hasSize(1);
      assertThat(log.lines("WARN")).hasSize(2);
    }
  }

  @Test
  void emptyLater_theLastListStays() throws IOException {
    build("10.0.0.1:80");
    Files.writeString(file, "# nobody\n");
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10.0.0.1 | line 1: '10.0.0.1': not HOST:PORT (expected: HOST:PORT[,weight=N]",
        "a:1/b:0 | line 2: 'b:0': port 0 is not in 1 to 65535 (expected: HOST:PORT[,weight=N]",
        "a:1/a:1 | line 2: id: 'a:1' is there already (expected: unique ids)",
        "a:1 b:2 | line 1: 'a:1 b:2': not HOST:PORT (expected: HOST:PORT[,weight=N]",
      })
  void badAtTheStart_isTheBuildersFailure(String lines, String complaint) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> build(lines.split("/")))
        .withMessageStartingWith("file '" + file + "': " + complaint);
    assertThat(time.pending()).isZero();
  }

  @Test
  void notReadableAtTheStart_isTheBuildersFailure() throws IOException {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().source(FileSource.of(file)).build())
        .withMessage("file '" + file + "': is not there (expected: a file that can be read)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().source(FileSource.of(folder)).build())
        .withMessageStartingWith("file '" + folder + "': ");
    Files.write(file, new byte[] {'a', ':', '1', (byte) 0xff});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().source(FileSource.of(file)).build())
        .withMessage("file '" + file + "': not UTF-8");
    Files.write(file, new byte[(16 << 20) + 1]);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder().source(FileSource.of(file)).build())
        .withMessage("file '" + file + "': longer than 16 MiB");
  }

  @Test
  void parserThatThrowsOrReturnsNull_refusesTheFile() throws IOException {
    build("10.0.0.1:80");
    balancer.close();
    FileSource source =
        FileSource.of(file)
            .withScheduler(time)
            .withParser(
                text -> {
                  if (text.startsWith("bug")) {
                    throw new IllegalStateException("a user's bug");
                  }
                  return text.startsWith("null") ? null : FileSource.parseLines(text);
                });
    balancer = LoadBalancer.builder().source(source).build();
    Files.writeString(file, "bug");
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
    Files.writeString(file, "null");
    assertThat(afterASecond()).containsExactly("10.0.0.1:80");
    Files.writeString(file, "10.0.0.2:80");
    assertThat(afterASecond()).containsExactly("10.0.0.2:80");
  }

  @Test
  void onAThreadOfItsOwn_followsTheFile_andTheThreadEnds() throws Exception {
    Files.writeString(file, "10.0.0.1:80");
    balancer =
        LoadBalancer.builder().source(FileSource.of(file).withInterval(ofMillis(100))).build();
    Files.writeString(file, "10.0.0.2:80");
    Threads.await(() -> balancer.nodes().get(0).server().host().equals("10.0.0.2"));
    balancer.close();
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("evenkeel-discovery"));
  }

  @Test
  void interval_outOfRange_isNamed() {
    assertThatThrownBy(() -> FileSource.of(file).withInterval(ofMillis(99)))
        .hasMessage("interval: PT0.099S (expected: PT0.1S to PT24H)");
    assertThat(ServerSource.file(file)).hasToString("file '" + file + "'");
  }
}
