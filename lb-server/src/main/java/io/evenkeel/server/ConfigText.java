package io.evenkeel.server;

import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ConfigFile;
import io.evenkeel.server.config.ConfigWriter;
import io.evenkeel.server.config.ConfigWriter.How;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The config file: what it says, whether that is news, and writing to it. Safe for use by any
 * thread.
 */
final class ConfigText {

  /** What it said at one time. */
  static final class Content {
    private final byte[] bytes;
    private final Config config;

    private Content(byte[] bytes, Config config) {
      this.bytes = bytes;
      this.config = config;
    }

    Config config() {
      return config;
    }
  }

  /** More than any; what it may be in characters says {@link ConfigFile}. */
  private static final int LONGEST = 16 << 20;

  private final Path path;

  // Guarded by this object's lock.

  /** What was read last, good or bad. */
  private byte @Nullable [] read;

  /** What it said at the last look. */
  private byte @Nullable [] looked;

  /** What of it is in force. */
  private byte @Nullable [] inForce;

  ConfigText(Path path) {
    this.path = path;
  }

  /**
   * Reads it.
   *
   * @throws IOException if it cannot be read; the message names it
   * @throws ConfigException if it is not good
   */
  synchronized Content read() throws IOException, ConfigException {
    byte[] bytes = bytes();
    read = bytes;
    return new Content(bytes, ConfigFile.read(path, decode(bytes)));
  }

  /** What it said is in force now. */
  synchronized void isInForce(Content content) {
    inForce = content.bytes;
  }

  /**
   * Whether it says something new and has come to rest: two looks in a row found the same, so that
   * a file that is being written is left alone. Read whole each time, for it is small, and times
   * and sizes miss changes. True once for each content.
   *
   * @throws IOException if it cannot be read, as while it is being replaced
   */
  synchronized boolean isNews() throws IOException {
    byte[] now = bytes();
    boolean settled = Arrays.equals(now, looked);
    looked = now;
    return settled && !Arrays.equals(now, read);
  }

  /**
   * Lets it say something else, its comments kept where that can be. What it says is in force then.
   *
   * @return how that was done
   * @throws IOException if it cannot be written, or somebody else has changed it since it was put
   *     in force; unchanged then
   */
  synchronized How write(Config after) throws IOException {
    byte[] now = bytes();
    if (!Arrays.equals(now, inForce)) {
      throw new IOException(
          this + ": somebody has changed it since it was put in force (expected: a reload first)");
    }
    ConfigWriter.Edit edit;
    try {
      edit = ConfigWriter.edit(path, decode(now), after);
    } catch (ConfigException e) { // as by an environment that changed
      throw new IOException(this + ": could not be written: " + e.getMessage(), e);
    }
    if (edit.how() != How.UNCHANGED) {
      byte[] bytes = edit.text().getBytes(StandardCharsets.UTF_8);
      replace(now, bytes);
      read = bytes;
      inForce = bytes;
    }
    return edit.how();
  }

  /**
   * At one stroke: a new file, with the rights of the old one, is renamed over it. Looks once more
   * before that, so that somebody else's change is lost only if it falls into the last
   * microseconds: no file system has a rename that compares.
   */
  private void replace(byte[] expected, byte[] bytes) throws IOException {
    Path real = path.toRealPath();
    Path beside = null;
    try {
      beside = Files.createTempFile(real.getParent(), "." + real.getFileName(), ".new");
      keepRights(real, beside);
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
          int written = channel.write(left);
          assert written >= 0;
        }
        channel.force(true); // else a crash may leave the new name with nothing in it
      }
      if (!Arrays.equals(bytes(), expected)) {
        throw new IOException("somebody has changed it meanwhile");
      }
      Files.move(beside, real, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      if (beside != null) {
        Files.deleteIfExists(beside);
      }
      throw new IOException(this + ": could not be written: " + e, e);
    }
  }

  /**
   * Owner and group, too, where this user may give them away. A group that cannot be kept leaves
   * its rights behind: they are not for this user's group.
   */
  private static void keepRights(Path from, Path to) throws IOException {
    PosixFileAttributeView was = Files.getFileAttributeView(from, PosixFileAttributeView.class);
    PosixFileAttributeView is = Files.getFileAttributeView(to, PosixFileAttributeView.class);
    if (was == null || is == null) {
      return; // a platform without them
    }
    PosixFileAttributes rights = was.readAttributes();
    Set<PosixFilePermission> permissions = rights.permissions();
    try {
      is.setGroup(rights.group());
    } catch (IOException e) {
      permissions.remove(PosixFilePermission.GROUP_READ);
      permissions.remove(PosixFilePermission.GROUP_WRITE);
      permissions.remove(PosixFilePermission.GROUP_EXECUTE);
    }
    try {
      is.setOwner(rights.owner());
    } catch (IOException e) {
      // This user's now: who may replace a file may have it.
    }
    is.setPermissions(permissions);
  }

  private byte[] bytes() throws IOException {
    if (Files.exists(path) && !Files.isRegularFile(path)) { // reading a pipe might never end
      throw new IOException(this + ": is no regular file (expected: a file that can be read)");
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(LONGEST + 1);
      if (bytes.length > LONGEST) {
        throw new IOException(this + ": longer than 16 MiB");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new IOException(this + ": is not there (expected: a file that can be read)", e);
    } catch (AccessDeniedException e) {
      throw new IOException(this + ": access denied (expected: a file that can be read)", e);
    }
  }

  private String decode(byte[] bytes) throws IOException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new IOException(this + ": not UTF-8", e);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
