package io.evenkeel.server;

import io.evenkeel.server.admin.ConfigControl;
import io.evenkeel.server.admin.Summary;
import io.evenkeel.server.config.BalancerConfig;
import io.evenkeel.server.config.Config;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.ConfigFile;
import io.evenkeel.server.config.ConfigWriter;
import io.evenkeel.server.config.ConfigWriter.How;
import io.evenkeel.server.config.Problem;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration of this process: where it was read, what is in force, and who may change it:
 * SIGHUP, a change of the file, and the API, all through here. Safe for use by any thread; one
 * change at a time.
 *
 * <p>In force is what a file says, or what the API put in its place, with the command line's
 * options over it. What the API changes of single servers and selectors is not in that: it stays
 * through a reload, but for what the file itself says anew; and with {@code write_back} it is
 * written to the file, and so in force.
 */
final class Control implements ConfigControl, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Control.class);

  private final RunOptions options;
  private final @Nullable ConfigText file;
  private final Running running;

  // Guarded by this object's lock.
  private Config inForce = Running.NOTHING;
  private @Nullable Summary summary;
  private @Nullable ScheduledExecutorService watcher;
  private String unreadable = "";

  /** Nothing runs yet. */
  Control(RunOptions options) {
    this.options = options;
    this.file = options.config == null ? null : new ConfigText(options.config);
    this.running = new Running(this);
  }

  /**
   * Starts all that options and file say, or nothing.
   *
   * @throws StartFailure if the file is not good, or something of it cannot be had here and now
   */
  synchronized void start() throws StartFailure {
    try {
      Config next = over(file == null ? RunOptions.BARE : file.read());
      running.change(inForce, next);
      if (file != null) {
        file.isInForce();
      }
      isInForce(next);
    } catch (ConfigException e) {
      throw new StartFailure(complaint(e.problems()), e);
    } catch (IOException e) {
      throw new StartFailure("--config: " + e.getMessage(), e);
    }
  }

  private String complaint(List<Problem> problems) {
    return problems.stream()
        .map(
            problem ->
                file == null
                    ? options.optionOf(problem.path()) + ": " + problem.message()
                    : file + ": " + problem)
        .collect(Collectors.joining("\n"));
  }

  /** What runs. */
  Running running() {
    return running;
  }

  /** How long relays may go on when the program is to end. */
  synchronized Duration drain() {
    return inForce.drain();
  }

  @Override
  public synchronized String json() {
    return ConfigWriter.json(running.current(inForce));
  }

  @Override
  public synchronized List<String> reload(String who) throws ConfigException, IOException {
    try {
      if (file == null) {
        throw new IOException(
            "there is no config file to read again (expected: evenkeel run --config FILE)");
      }
      List<String> changes = put(inForce, over(file.read()), who);
      file.isInForce();
      running.inventory().events().reload(who, true, text(changes));
      return changes;
    } catch (ConfigException e) {
      e.problems().forEach(problem -> log.warn("{}: not reloaded: {}: {}", who, file, problem));
      running.inventory().events().reload(who, false, String.valueOf(e.getMessage()));
      throw e;
    } catch (IOException e) {
      log.warn("{}: not reloaded: {}", who, e.getMessage());
      running.inventory().events().reload(who, false, String.valueOf(e.getMessage()));
      throw e;
    }
  }

  @Override
  public synchronized List<String> replace(String json, String who)
      throws ConfigException, IOException {
    List<String> changes;
    Config sent;
    try {
      sent = ConfigFile.readJson(json, inForce);
      // Who sends a configuration has seen the one with what was changed by the API.
      changes = put(running.current(inForce), over(sent), who);
    } catch (ConfigException e) {
      e.problems().forEach(problem -> log.warn("{}: not put in force: {}", who, problem));
      throw e;
    }
    running.inventory().events().change(who, "configuration replaced: " + text(changes));
    if (file != null && isWritingBack()) {
      try {
        written(file.write(sent), who);
      } catch (IOException e) {
        log.warn("{}: in force, but not written to the file: {}", who, e.getMessage());
        throw e;
      }
    }
    return changes;
  }

  private void written(How how, String who) {
    if (how != How.UNCHANGED) {
      String lost = how == How.REWRITTEN ? "; comments in what changed are gone" : "";
      log.info("{}: {}: written back{}", who, file, lost);
    }
  }

  /** The command line's options stay over whatever comes. */
  private Config over(Config config) throws ConfigException {
    try {
      return options.over(config);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      int colon = message.indexOf(": ");
      throw Refusal.at(message.substring(0, colon), message.substring(colon + 2), e);
    }
  }

  private List<String> put(Config before, Config next, String who) throws ConfigException {
    running.change(before, next);
    List<String> changes = Differences.describe(before, next);
    changes.forEach(change -> log.info("{}: {}", who, change));
    if (changes.isEmpty()) {
      log.info("{}: the configuration is as it was", who);
    }
    isInForce(next);
    return changes;
  }

  private static String text(List<String> changes) {
    return changes.isEmpty() ? "nothing has changed" : String.join("; ", changes);
  }

  /** What goes by it beside the balancers and listeners. */
  private void isInForce(Config next) {
    Duration every = inForce.summary();
    inForce = next;
    if (!every.equals(next.summary())) {
      if (summary != null) {
        summary.close();
      }
      summary = next.summary().isZero() ? null : Summary.start(running.inventory(), next.summary());
    }
    if (next.watch() && watcher == null && file != null) {
      watcher =
          Executors.newSingleThreadScheduledExecutor(
              task -> {
                Thread thread = new Thread(task, "evenkeel-config");
                thread.setDaemon(true);
                return thread;
              });
      Object unused = watcher.scheduleWithFixedDelay(this::look, 1, 1, TimeUnit.SECONDS);
    } else if (!next.watch() && watcher != null) {
      watcher.shutdown(); // it may be its thread that is here
      watcher = null;
    }
  }

  /** Whether the file has changed, and what it says now. */
  private synchronized void look() {
    if (file == null || watcher == null) {
      return;
    }
    try {
      boolean isNews = file.isNews();
      unreadable = "";
      if (isNews) {
        List<String> unused = reload("file change");
      }
    } catch (ConfigException e) {
      log.debug("told already", e);
    } catch (IOException e) {
      String what = String.valueOf(e.getMessage());
      if (!what.equals(unreadable)) { // as while it is not there: once
        log.warn("file change: {}", what);
        unreadable = what;
      }
    } catch (Throwable e) { // whatever it is, the next look is to come
      log.error("file change: not reloaded", e);
    }
  }

  private boolean isWritingBack() {
    return inForce.admin() != null && inForce.admin().writeBack();
  }

  @Override
  public synchronized void changed(String balancer, String who) throws IOException {
    if (file == null || !isWritingBack()) {
      return;
    }
    BalancerConfig before = inForce.balancer(balancer).orElse(null);
    if (before == null) {
      return; // it has left meanwhile
    }
    BalancerConfig now = running.balancer(balancer).current(before);
    if (!now.equals(before)) {
      Config says = file.current();
      Optional<BalancerConfig> saysOfIt = says.balancer(balancer);
      if (saysOfIt.isPresent()) {
        written(file.write(with(says, changed(saysOfIt.get(), before, now))), who);
      }
      inForce = with(inForce, now);
    }
  }

  /** What an option overrides in the file stays there as it is. */
  private static BalancerConfig changed(
      BalancerConfig says, BalancerConfig before, BalancerConfig now) {
    return new BalancerConfig(
        says.name(),
        says.servers().equals(before.servers()) ? now.servers() : says.servers(),
        says.discovery(),
        says.selector().equals(before.selector()) ? now.selector() : says.selector(),
        says.health(),
        says.ejection(),
        says.breaker(),
        says.maxConcurrent(),
        says.slowStart(),
        says.panicThreshold());
  }

  private static Config with(Config config, BalancerConfig balancer) {
    List<BalancerConfig> balancers = new ArrayList<>(config.balancers());
    balancers.replaceAll(one -> one.name().equals(balancer.name()) ? balancer : one);
    return new Config(
        config.listeners(),
        balancers,
        config.admin(),
        config.drain(),
        config.watch(),
        config.summary());
  }

  /** The process ends as by SIGTERM; on a thread of its own, which waits for that. */
  @Override
  public void shutdown(String who) {
    Thread thread = new Thread(() -> System.exit(0), "evenkeel-exit");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public boolean isDraining() {
    return running.isEnding();
  }

  /** SIGHUP has come. */
  void hangUp() {
    try {
      List<String> unused = reload("SIGHUP");
    } catch (ConfigException | IOException e) {
      log.debug("told already", e);
    } catch (Throwable e) {
      log.error("SIGHUP: not reloaded", e);
    }
  }

  /** Cuts what is open, and ends everything; for tests, and where a process goes on without it. */
  @Override
  public synchronized void close() {
    if (watcher != null) {
      watcher.shutdown();
      watcher = null;
    }
    if (summary != null) {
      summary.close();
    }
    running.close();
  }
}
