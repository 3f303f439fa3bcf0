package io.evenkeel.server;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evenkeel demo}: shows failover to whoever watches, with nothing but this machine. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    versionProvider = TopCommand.Version.class,
    description = {
      "Shows a failover: starts three small HTTP servers on free loopback ports, balances over"
          + " them, sends itself traffic, stops one server and brings it back, and says what to"
          + " watch. Prints the address of a dashboard where all of it can be watched and changed.",
      "",
      "In a terminal the table of servers is redrawn in place, elsewhere it is printed now and"
          + " then. Goes on until Ctrl-C.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it held, or Ctrl-C ended it",
      "1:it did not hold (with --once), or could not start",
      "2:wrong usage"
    })
final class DemoCommand implements Callable<Integer> {

  private static final int PATIENCE_SECONDS = 10;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--once",
      description =
          "Tells the story once, in about 15 seconds, and exits 0 only if no request failed after"
              + " the failover and every server got its part.")
  private boolean once;

  @Override
  public Integer call() throws StartFailure, InterruptedException {
    Logging.configure("error");
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Thread hook = new Thread(() -> endBySignal(stop, closed), "evenkeel-demo-end");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return run(stop);
    } catch (CancellationException e) {
      return 0; // a signal came, and the hook waits for us to have closed
    } catch (IOException e) {
      throw new StartFailure("demo: cannot listen on loopback: " + e.getMessage(), e);
    } finally {
      closed.countDown();
      unhook(hook);
    }
  }

  private static void unhook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the signal that it waits for has come
    }
  }

  private int run(CountDownLatch stop) throws IOException, InterruptedException {
    DemoScreen screen = DemoScreen.ofProcess(Objects.requireNonNull(spec).commandLine().getOut());
    try (DemoRig rig = new DemoRig()) {
      screen.say(
          "Three servers behind " + rig.address() + (once ? "." : ". Ctrl-C ends the demo."));
      screen.say("To watch in a browser, and to change: " + rig.dashboard());
      DemoStory story = new DemoStory(rig, screen, stop);
      for (int round = rig.servers().size() - 1; ; round++) {
        List<String> problems = story.tell(rig.servers().get(round % rig.servers().size()));
        problems.forEach(problem -> screen.say("Did not hold: " + problem));
        if (problems.isEmpty()) {
          screen.say("It held.");
        }
        if (once) {
          return problems.isEmpty() ? 0 : 1;
        }
      }
    }
  }

  /**
   * On the shutdown hook's thread. Ctrl-C is the way to end a demo that tells its story for ever.
   */
  private void endBySignal(CountDownLatch stop, CountDownLatch closed) {
    stop.countDown();
    boolean inTime;
    try {
      inTime = closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      inTime = false;
    }
    if (!once) {
      Runtime.getRuntime().halt(inTime ? 0 : 1);
    }
  }
}
