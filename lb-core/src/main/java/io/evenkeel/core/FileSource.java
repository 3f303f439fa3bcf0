package io.evenkeel.core;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The servers that a file names, read again when it changes. Immutable; safe for use by any thread.
 *
 * <pre>{@code
 * # two that serve, one for the day when both are down
 * 10.0.0.1:8080
 * 10.0.0.2:8080,weight=3,zone=east
 * 10.0.9.1:8080,tier=1,id=backup
 * }</pre>
 *
 * <p>Each line is a server as {@link Server#parse} reads it; blank lines and what follows a {@code
 * #} at the start of a line or after a space are left out. The file is UTF-8, with or without a
 * byte order mark, and at most 16 MiB. One bad line, or an id that is there twice, and the whole
 * file is refused: the last good list stays, and a warning names the file and the line, once until
 * the file changes.
 *
 * <p>The file is looked at every second by default: at its modification time, size and identity
 * first, then at its bytes, so that a rename over it and the swapped links of a Kubernetes
 * ConfigMap are seen. Write a new file beside it and rename that over it: a file that is written in
 * place may be read when it is half done, and half a list may look whole.
 *
 * <p>Where the file is not there, not good, or names no servers, when the balancer is built, {@link
 * LoadBalancerBuilder#build} throws {@link IllegalArgumentException}; no servers are fine where
 * {@link LoadBalancerBuilder#allowEmpty} is set. When it goes missing or empty later, the last good
 * list stays.
 */
public final class FileSource implements ServerSource {

  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofHours(24);

  private final Path path;
  private final Function<String, ? extends List<Server>> parser;
  private final Duration interval;
  private final @Nullable ScheduledExecutorService scheduler;

  private FileSource(
      Path path,
      Function<String, ? extends List<Server>> parser,
      Duration interval,
      @Nullable ScheduledExecutorService scheduler) {
    this.path = path;
    this.parser = parser;
    this.interval = interval;
    this.scheduler = scheduler;
  }

  /** A file with one server a line, looked at every second. */
  public static FileSource of(Path path) {
    return new FileSource(
        Objects.requireNonNull(path, "path"), FileSource::parseLines, Duration.ofSeconds(1), null);
  }

  /**
   * The same file in a format of your own.
   *
   * @param parser makes servers of the file's text; called by one thread at a time, once for each
   *     content, and again while that list cannot be made the members. What it throws refuses the
   *     file; an {@link IllegalArgumentException} is told by its message alone, which should name
   *     the line and what is expected there
   */
  public FileSource withParser(Function<String, ? extends List<Server>> parser) {
    return new FileSource(path, Objects.requireNonNull(parser, "parser"), interval, scheduler);
  }

  /**
   * The same file, looked at so often, give or take 10 %.
   *
   * @param interval 100 ms to 24 h; 1 s by default
   * @throws IllegalArgumentException if it is out of range
   */
  public FileSource withInterval(Duration interval) {
    return new FileSource(
        path, parser, Bounds.check("interval", interval, SHORTEST, LONGEST), scheduler);
  }

  /**
   * The same file, read by a scheduler of yours, whose thread is blocked meanwhile; by default each
   * balancer has a daemon thread of its own for it.
   */
  public FileSource withScheduler(ScheduledExecutorService scheduler) {
    return new FileSource(path, parser, interval, Objects.requireNonNull(scheduler, "scheduler"));
  }

  @Override
  public AutoCloseable start(Sink sink) {
    WatchedFile file = new WatchedFile(path, parser);
    Refresher.Answer first = file.begin();
    if (first.servers().isEmpty() && sink instanceof Discovery strict && !strict.allowsEmpty()) {
      throw new IllegalArgumentException(this + ": no servers (expected: at least one)");
    }
    Refresher refresher =
        new Refresher(
            file,
            () -> {},
            RefreshSchedule.every(interval, Randomness.ofThreads()),
            sink,
            scheduler);
    return refresher.startWith(first);
  }

  @Override
  public String toString() {
    return "file '" + path + "'";
  }

  /**
   * Reads the line format, as for the parser of a file that may have another.
   *
   * @throws IllegalArgumentException if a line is bad; the message names it and what is expected
   */
  public static List<Server> parseLines(String text) {
    List<Server> servers = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    int number = 0;
    for (String line : text.split("\\R", -1)) {
      number++;
      String written = line.replaceFirst("(^|\\s)#.*", "").strip();
      if (written.isEmpty()) {
        continue;
      }
      try {
        Server server = Server.parse(written);
        if (!ids.add(server.id())) {
          throw MemberDiff.duplicate(server);
        }
        servers.add(server);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("line " + number + ": " + e.getMessage(), e);
      }
    }
    return servers;
  }
}
