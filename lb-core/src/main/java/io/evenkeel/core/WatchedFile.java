package io.evenkeel.core;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a file says, whenever it says something else. Used by one thread at a time. */
final class WatchedFile implements Refresher.Question {

  private static final int LONGEST = 16 << 20;

  /**
   * Two writes within one tick of a file system's clock, 2 s at the worst, leave the same time
   * behind: only a time that is older than that when the file is read says that it was read whole.
   */
  private static final long TICK_MILLIS = 2_000;

  /** What tells one state of a file from another without reading it. */
  private record Stamp(FileTime modified, long size, @Nullable Object key) {}

  private final Path path;
  private final Function<String, ? extends List<Server>> parser;
  private @Nullable Stamp seen;
  private boolean settled;
  private byte @Nullable [] content;

  WatchedFile(Path path, Function<String, ? extends List<Server>> parser) {
    this.path = path;
    this.parser = parser;
  }

  /** What it says at first; {@link IllegalArgumentException} where that is nothing good. */
  Refresher.Answer begin() {
    try {
      Refresher.Answer answer = ask();
      if (answer == null) {
        throw new IllegalStateException("asked before");
      }
      return answer;
    } catch (IOException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  @Override
  public Refresher.@Nullable Answer ask() throws IOException {
    byte[] bytes;
    try {
      bytes = readIfChanged();
    } catch (IOException e) {
      refused(); // so that it is told when it is well again, even if it has not changed
      throw complaint(e);
    }
    if (bytes == null || Arrays.equals(bytes, content)) {
      return null;
    }
    content = bytes;
    return new Refresher.Answer(parse(bytes), 0);
  }

  @Override
  public void refused() {
    content = null;
    seen = null;
  }

  private byte @Nullable [] readIfChanged() throws IOException {
    long now = System.currentTimeMillis(); // to compare with the file system's, nothing else
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) { // reading a pipe might never end
      throw new IOException("is no regular file (expected: a file that can be read)");
    }
    FileTime modified = attributes.lastModifiedTime();
    Stamp stamp = new Stamp(modified, attributes.size(), attributes.fileKey());
    if (stamp.equals(seen) && settled) {
      return null;
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(LONGEST + 1);
      if (bytes.length > LONGEST) {
        throw new IOException("longer than 16 MiB");
      }
      seen = stamp;
      settled = modified.toMillis() + TICK_MILLIS < now;
      return bytes;
    }
  }

  private List<Server> parse(byte[] bytes) throws IOException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw complaint(new IOException("not UTF-8", e));
    }
    if (text.startsWith("\uFEFF")) { // the byte order mark that some editors put there
      text = text.substring(1);
    }
    try {
      List<Server> servers = parser.apply(text);
      MemberDiff.byUniqueId(servers);
      return servers;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(named(String.valueOf(e.getMessage())), e);
    }
  }

  private IOException complaint(IOException e) {
    String what = String.valueOf(e.getMessage());
    if (e instanceof NoSuchFileException) {
      what = "is not there (expected: a file that can be read)";
    } else if (e instanceof AccessDeniedException) {
      what = "access denied (expected: a file that can be read)";
    }
    return new IOException(named(what), e);
  }

  private String named(String what) {
    return "file '" + path + "': " + what;
  }
}
