package io.evenkeel.server;

import io.evenkeel.server.admin.ConfigControl;
import io.evenkeel.server.admin.LogText;
import io.evenkeel.server.admin.Summary;
import io.evenkeel.server.config.AdminConfig.Token;
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
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration of this process: where it was read, what is in force, and who may change it:
 * SIGHUP, a change of the file, and the API, all through here. Safe for use by any thread.
 *
 * <p>In force is what a file says, or what the API put in its place, with the command line's
 * options over it. What the API changes of single servers and selectors is not in that: it stays
 * through a reload, but for what the file itself says anew; and with {@code write_back} it is
 * written to the file, and so in force.
 *
 * <p>One configuration takes the place of another at a time: {@link #oneAtATime}, which may be held
 * for as long as names are looked up. What is in force is under this object's lock, which is not,
 * so that neither the API nor the end of the program waits for that. It is taken after the other
 * one, and before those of what runs.
 */
final class Control implements ConfigControl, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Control.class);

  /** How often a configuration is prepared anew, since that in force has changed meanwhile. */
  private static final int MOST_ATTEMPTS = 10;

  private final RunOptions options;
  private final @Nullable ConfigText file;
  private final Running running;
  private final ReentrantLock oneAtATime = new ReentrantLock();

  // Written under this object's lock.

  private volatile Config inForce = Running.NOTHING;

  /** What the file says or is to say; without the command line's options. */
  private volatile Config says = Running.NOTHING;

  // Guarded by this object's lock.

  private @Nullable Summary summary;
  private @Nullable ScheduledExecutorService watcher;

  /** Guarded by {@link #oneAtATime}. */
  private String unreadable = "";

  /** Nothing runs yet. */
  Control(RunOptions options) {
    this.options = options;
    this.file = options.config == null ? null : new ConfigText(options.config);
    this.running = new Running(this);
  }

  /**
   * A configuration that is to be in force.
   *
   * @param before what its sender knows as that of now
   * @param says without the options
   * @param content what the file says, if it is from there
   * @param isExpected whether it may take the place of that of now; asked at the last moment
   */
  private record Wanted(
      Config before,
      Config says,
      Config next,
      ConfigText.@Nullable Content content,
      BooleanSupplier isExpected) {}

  /** Makes one out of that in force, from a file or a request. */
  private interface Source {
    Wanted from(Config inForce) throws ConfigException, IOException, ChangedMeanwhileException;
  }

  /**
   * Starts all that options and file say, or nothing.
   *
   * @throws StartFailure if the file is not good, or something of it cannot be had here and now
   */
  void start() throws StartFailure {
    oneAtATime.lock();
    try {
      Wanted unused = put(this::fromFile);
    } catch (ConfigException e) {
      throw new StartFailure(complaint(e.problems()), e);
    } catch (IOException e) {
      throw new StartFailure("--config: " + e.getMessage(), e);
    } catch (ChangedMeanwhileException e) {
      throw new IllegalStateException("nobody has seen anything yet", e);
    } finally {
      oneAtATime.unlock();
    }
  }

  private Wanted fromFile(Config now) throws ConfigException, IOException {
    ConfigText.Content content = file == null ? null : file.read();
    Config read = content == null ? RunOptions.BARE : content.config();
    return new Wanted(now, read, over(read), content, () -> true);
  }

  /**
   * Puts a configuration in force. It is prepared while that of now may change; if it has, by what
   * was written back, all is done again.
   */
  private Wanted put(Source source) throws ConfigException, IOException, ChangedMeanwhileException {
    for (int i = 0; i < MOST_ATTEMPTS; i++) {
      Wanted done = attempt(source);
      if (done != null) {
        return done;
      }
    }
    throw Refusal.at(
        "balancers", "changed again and again meanwhile (expected: a moment without that)", null);
  }

  /** Null if what is in force has changed meanwhile. */
  private @Nullable Wanted attempt(Source source)
      throws ConfigException, IOException, ChangedMeanwhileException {
    Config now = inForce;
    Wanted wanted = source.from(now);
    try (Transition transition = Transition.prepare(running, wanted.before, wanted.next)) {
      synchronized (this) {
        if (!inForce.equals(now)) {
          return null;
        }
        synchronized (running.inventory().changeLock()) { // nothing of it changes between the two
          if (!wanted.isExpected.getAsBoolean()) {
            throw new ChangedMeanwhileException();
          }
          transition.commit();
        }
        if (wanted.content != null && file != null) {
          file.isInForce(wanted.content);
        }
        says = wanted.says;
        isInForce(wanted.next);
        return wanted;
      }
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

  /** How long relays may go on when the program is to end; waits for nobody. */
  Duration drain() {
    return inForce.drain();
  }

  @Override
  public String json() {
    return ConfigWriter.json(current());
  }

  /** In force, with what was changed since by the API. */
  private synchronized Config current() {
    return running.current(inForce);
  }

  @Override
  public List<String> reload(String who) throws ConfigException, IOException {
    oneAtATime.lock();
    try {
      if (file == null) {
        throw new IOException(
            "there is no config file to read again (expected: evenkeel run --config FILE)");
      }
      List<String> changes = tell(put(this::fromFile), who);
      running.inventory().events().reload(who, true, text(changes));
      return changes;
    } catch (ConfigException e) {
      e.problems()
          .forEach(
              problem ->
                  log.warn(
                      "{}: not reloaded: {}: {}",
                      LogText.clean(who),
                      file,
                      LogText.clean(problem.toString())));
      running.inventory().events().reload(who, false, String.valueOf(e.getMessage()));
      throw e;
    } catch (IOException e) {
      log.warn("{}: not reloaded: {}", LogText.clean(who), e.getMessage());
      running.inventory().events().reload(who, false, String.valueOf(e.getMessage()));
      throw e;
    } catch (ChangedMeanwhileException e) {
      throw new IllegalStateException("a file knows nothing of it", e);
    } finally {
      oneAtATime.unlock();
    }
  }

  @Override
  public List<String> replace(String json, Predicate<String> isExpected, String who)
      throws ConfigException, IOException, ChangedMeanwhileException {
    oneAtATime.lock();
    try {
      List<String> changes = tell(put(now -> sent(json, isExpected, now)), who);
      running.inventory().events().change(who, "configuration replaced: " + text(changes));
      writeBack(who); // before anybody reads the file again
      return changes;
    } catch (ConfigException e) {
      e.problems()
          .forEach(
              problem ->
                  log.warn(
                      "{}: not put in force: {}",
                      LogText.clean(who),
                      LogText.clean(problem.toString())));
      throw e;
    } finally {
      oneAtATime.unlock();
    }
  }

  private Wanted sent(String json, Predicate<String> isExpected, Config now)
      throws ConfigException, ChangedMeanwhileException {
    // Who sends a configuration has seen the one with what was changed by the API.
    Config shown = running.current(now);
    if (!isExpected.test(ConfigWriter.json(shown))) { // before what may take long
      throw new ChangedMeanwhileException();
    }
    Overlay changes = new Overlay(shown, ConfigFile.readJson(json, now));
    Config next = changes.over(now);
    if (!over(next).equals(next)) {
      List<String> overridden = Differences.describe(next, over(next));
      throw Refusal.at(
          "/",
          "the command line overrides it: "
              + String.join("; ", overridden)
              + " (expected: there as it is in force)",
          null);
    }
    requireThatTokensCanBeWritten(now, next);
    return new Wanted(
        changes.before(now), changes.over(says), next, null, () -> isExpected.test(json()));
  }

  /** They could not, and the file would go on to let in who holds an old one. */
  private void requireThatTokensCanBeWritten(Config now, Config next) throws ConfigException {
    if (file == null || next.admin() == null || !next.admin().writeBack()) {
      return;
    }
    List<Token> known = now.admin() == null ? List.of() : now.admin().tokens();
    for (Token token : next.admin().tokens()) {
      boolean isNew =
          known.stream()
              .noneMatch(
                  one -> one.name().equals(token.name()) && one.secret().equals(token.secret()));
      if (isNew) {
        throw Refusal.at(
            "admin.tokens." + token.name(),
            "with write_back, which writes no token (expected: a change of the file, and a reload)",
            null);
      }
    }
  }

  /** Has the file say what it is to say, if that is wanted. */
  private synchronized void writeBack(String who) throws IOException {
    if (file != null && isWritingBack()) {
      try {
        fold(file, who);
      } catch (IOException e) {
        log.warn(
            "{}: in force, but not written to the file: {}", LogText.clean(who), e.getMessage());
        throw e;
      }
    }
  }

  private void written(How how, String who) {
    if (how != How.UNCHANGED) {
      String lost = how == How.REWRITTEN ? "; comments in what changed are gone" : "";
      log.info("{}: {}: written back{}", LogText.clean(who), file, lost);
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

  private static List<String> tell(Wanted done, String who) {
    List<String> changes = Differences.describe(done.before, done.next);
    changes.forEach(change -> log.info("{}: {}", LogText.clean(who), LogText.clean(change)));
    if (changes.isEmpty()) {
      log.info("{}: the configuration is as it was", LogText.clean(who));
    }
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
  private void look() {
    oneAtATime.lock();
    try {
      if (file == null || !isWatching()) {
        return;
      }
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
    } finally {
      oneAtATime.unlock();
    }
  }

  private synchronized boolean isWatching() {
    return watcher != null;
  }

  private boolean isWritingBack() {
    return inForce.admin() != null && inForce.admin().writeBack();
  }

  /**
   * Writes the changes of all balancers, so also those that could not be written before. What an
   * option overrides stays in the file as it is, and what the API changes of that is not in force
   * by the file then.
   */
  @Override
  public synchronized void changed(String balancer, String who) throws IOException {
    if (file == null || !isWritingBack()) {
      return;
    }
    fold(file, who);
  }

  /** Writes what was changed by the API, and then knows it as said by the file. */
  private synchronized void fold(ConfigText to, String who) throws IOException {
    Config now = running.current(inForce);
    Config isToSay = says;
    Config known = inForce;
    for (BalancerConfig before : inForce.balancers()) {
      BalancerConfig saysOfIt = says.balancer(before.name()).orElse(before);
      BalancerConfig is = now.balancer(before.name()).orElse(before);
      boolean ownServers = options.servers.isEmpty();
      boolean ownSelector = options.selector == null && options.selectorOptions.isEmpty();
      isToSay = with(isToSay, changed(saysOfIt, ownServers, ownSelector, is));
      known = with(known, changed(before, ownServers, ownSelector, is));
    }
    written(to.write(isToSay), who);
    says = isToSay;
    inForce = known;
  }

  private static BalancerConfig changed(
      BalancerConfig config, boolean servers, boolean selector, BalancerConfig now) {
    return new BalancerConfig(
        config.name(),
        servers ? now.servers() : config.servers(),
        config.discovery(),
        selector ? now.selector() : config.selector(),
        config.health(),
        config.ejection(),
        config.breaker(),
        config.maxConcurrent(),
        config.slowStart(),
        config.panicThreshold());
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
  public void close() {
    oneAtATime.lock();
    try {
      synchronized (this) {
        if (watcher != null) {
          watcher.shutdown();
          watcher = null;
        }
        if (summary != null) {
          summary.close();
        }
      }
      running.close();
    } finally {
      oneAtATime.unlock();
    }
  }
}
