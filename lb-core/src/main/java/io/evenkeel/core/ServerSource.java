package io.evenkeel.core;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/**
 * Where a balancer gets its members from, again and again: a file, DNS, or whatever a user writes.
 * Given to {@link LoadBalancerBuilder#source}.
 *
 * <p>Evenkeel has {@link FileSource}, {@link HostSource} (the names of the JDK's resolver) and
 * {@link DnsSource} (SRV records, times to live). One of your own:
 *
 * <pre>{@code
 * ServerSource registry = sink -> {
 *   ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
 *   thread.scheduleWithFixedDelay(() -> {
 *     try {
 *       sink.update(registryClient.serversOf("orders"));    // the whole list, each time
 *     } catch (IOException | RuntimeException e) {
 *       sink.failed(e);                                     // the last list stays
 *     }
 *   }, 0, 10, SECONDS);
 *   return thread::shutdownNow;
 * };
 * }</pre>
 *
 * <p>A source is a description. It may be started several times, by several balancers, and keeps
 * nothing of one start that another sees.
 */
@FunctionalInterface
public interface ServerSource {

  /**
   * Begins to look for servers. Called once by {@link LoadBalancerBuilder#build}, on the thread
   * that builds, and should return soon: what blocks belongs on a thread or a scheduler of the
   * source's own. May hand over the first list before it returns; then the balancer has it when it
   * is built.
   *
   * @param sink takes the lists
   * @return what ends it. Closed once, by {@link LoadBalancer#close}, on the thread that closes.
   *     Leaves no thread, timer or socket behind; what the sink is told from then on is ignored.
   *     What it throws is logged and goes no further.
   * @throws RuntimeException if it cannot even begin, as with a file that is not there; the
   *     balancer is not built then
   */
  AutoCloseable start(Sink sink);

  /**
   * What takes the lists. Safe for use by any thread, and from within {@link ServerSource#start}.
   * Never throws. Lists that several threads hand over at once take effect in some order.
   */
  interface Sink {

    /**
     * Makes these servers the members: a diff, in which who stays keeps their counters, blocks and
     * leases, as in {@link LoadBalancer#update(Collection)}. Also when nothing has changed, so that
     * it is known that the source is well. In force when this returns.
     *
     * <p>A list with a null or with an id that is there twice counts as a failure, and so does an
     * empty one unless {@link LoadBalancerBuilder#allowEmpty} is set: the last good list stays.
     *
     * @param servers all of them; copied
     */
    void update(Collection<Server> servers);

    /**
     * Says that the servers could not be found out. The last good list stays. Logged as a warning,
     * once for each different message until the next good list.
     */
    void failed(Throwable cause);
  }

  /** These servers, once and for all. */
  static ServerSource of(Server... servers) {
    return of(List.of(servers));
  }

  /** These servers, once and for all. */
  static ServerSource of(Collection<Server> servers) {
    List<Server> all = List.copyOf(servers);
    return sink -> {
      sink.update(all);
      return () -> {};
    };
  }

  /** A watched file with one server a line: {@link FileSource#of(Path)}. */
  static FileSource file(Path path) {
    return FileSource.of(path);
  }
}
