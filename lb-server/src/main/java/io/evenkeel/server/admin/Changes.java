package io.evenkeel.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evenkeel.core.Block;
import io.evenkeel.core.Node;
import io.evenkeel.core.Selector;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.server.admin.Form.Field;
import io.evenkeel.server.admin.HttpProblem.Fault;
import io.evenkeel.server.config.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the API changes. Each change is checked whole before anything of it is done, and answered
 * with the state after it. Changes of servers and selectors are made one at a time, under the
 * inventory's lock, so that two that each read, alter and write the same server cannot lose one
 * another, nor a reload and one of these; a change takes microseconds, and nothing that waits is
 * done under the lock. Safe for use by any thread.
 */
final class Changes {

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);

  private static final int LONGEST_DRAIN_SECONDS = 86_400;

  /** How many ends of drains are waited for at a time; each takes a timer. */
  private static final int MOST_DRAINS = 1_000;

  static final Form NEW_SERVER =
      new Form(
          "NewServer",
          List.of(
              Field.text("host", "Name or address.").asRequired(),
              Field.integer("port", 1, 65_535, "Port.").asRequired(),
              Field.text("id", "What it is called; host:port if not given."),
              weight(),
              tier(),
              Field.text("zone", "Its zone; null for none.").orNull(),
              Field.map("metadata", "Carried along, not looked at."),
              maxConcurrent()));

  static final Form SERVER_CHANGE =
      new Form(
          "ServerChange",
          List.of(
              weight(),
              tier(),
              Field.text("zone", "Its zone; null for none.").orNull(),
              maxConcurrent(),
              Field.choice(
                  "state",
                  List.of("ready", "drain", "maintenance"),
                  "ready ends a drain and a maintenance."),
              Field.integer(
                  "drain_seconds",
                  0,
                  LONGEST_DRAIN_SECONDS,
                  "With state drain: when to say how many connections are left.")));

  static final Form ALGORITHM =
      new Form(
          "AlgorithmChange",
          List.of(
              Field.choice("name", List.copyOf(Selectors.names()), "The selector.").asRequired(),
              Field.map("options", "Its options, as texts; those not given have their default.")));

  static final Route.Parameter DRAIN_SECONDS =
      Route.Parameter.integer(
          "drain_seconds",
          0,
          LONGEST_DRAIN_SECONDS,
          "Drain it first, for so long at most; the answer does not wait.");

  private static Field weight() {
    return Field.integer("weight", 0, Server.MAX_WEIGHT, "Its share of what comes.");
  }

  private static Field tier() {
    return Field.integer("tier", 0, Integer.MAX_VALUE, "0 is used first; higher ones are backups.");
  }

  private static Field maxConcurrent() {
    return Field.integer(
            "max_concurrent",
            1,
            Integer.MAX_VALUE,
            "Connections at a time; null for what the balancer says.")
        .orNull();
  }

  private final Targets targets;
  private final Views views;
  private final EventLog events;
  private final @Nullable ConfigControl control;
  private final Object lock;
  private final AtomicInteger drains = new AtomicInteger();

  /**
   * Of an inventory.
   *
   * @param control null if there is no configuration
   */
  Changes(Inventory inventory, Targets targets, Views views, @Nullable ConfigControl control) {
    this.lock = inventory.changeLock();
    this.events = inventory.events();
    this.targets = targets;
    this.views = views;
    this.control = control;
  }

  Answer addServer(Exchange exchange) throws HttpProblem {
    Inventory.Balancer balancer = targets.balancer(exchange);
    Form.Values values = NEW_SERVER.read(exchange.body);
    Server server =
        Server.of(values.text("host").orElseThrow(), values.integer("port").orElseThrow());
    if (values.has("id")) {
      server = server.withId(values.text("id").orElseThrow());
    }
    for (Map.Entry<String, String> entry : values.map("metadata").entrySet()) {
      server = server.withMetadata(entry.getKey(), entry.getValue());
    }
    server = with(server, values);
    synchronized (lock) {
      if (find(balancer, server.id()) != null) {
        throw HttpProblem.of(409, "a server of that id is there");
      }
      try {
        balancer.balancer().add(server);
      } catch (IllegalArgumentException e) {
        throw find(balancer, server.id()) != null // from elsewhere, in this moment
            ? HttpProblem.of(409, "a server of that id is there")
            : refused("", e);
      }
    }
    String path =
        "/api/v1/balancers/"
            + PercentCoding.segment(balancer.name())
            + "/servers/"
            + PercentCoding.segment(server.id());
    return done(
            exchange,
            balancer,
            "added server " + server + " to " + balancer.name(),
            state(201, balancer, server.id()))
        .with("Location", path);
  }

  private static Server with(Server server, Form.Values values) {
    Server changed = server;
    if (values.has("weight")) {
      changed = changed.withWeight(values.integer("weight").orElseThrow());
    }
    if (values.has("tier")) {
      changed = changed.withTier(values.integer("tier").orElseThrow());
    }
    if (values.has("zone")) {
      changed = changed.withZone(values.text("zone").orElse(null));
    }
    if (values.has("max_concurrent")) {
      changed = changed.withMaxConcurrent(values.integer("max_concurrent").orElseThrow());
    }
    return changed;
  }

  Answer removeServer(Exchange exchange) throws HttpProblem {
    Inventory.Balancer balancer = targets.balancer(exchange);
    String id = exchange.variable("id");
    Long drainSeconds = exchange.number("drain_seconds").orElse(null);
    if (drainSeconds == null) {
      remove(balancer, id);
      return done(
          exchange, balancer, removed(balancer, id), Answer.json(object().put("removed", id)));
    }
    Node node;
    CompletionStage<Integer> drained;
    synchronized (lock) {
      refuseManyDrains();
      refuseLast(balancer, id);
      node = require(balancer, id);
      drained = drain(balancer, id, drainSeconds);
    }
    Who who = exchange.who();
    afterwards(drained, who, balancer, id, left -> finishRemoval(balancer, node, left, who));
    audit(who, "drains server " + id + " of " + balancer.name() + ", then removes it");
    return Answer.json(202, object().put("removing", id));
  }

  private static String removed(Inventory.Balancer balancer, String id) {
    return "removed server " + id + " of " + balancer.name();
  }

  /**
   * When the drain is over: unless it was made ready again meanwhile, or is another one of its id.
   */
  private void finishRemoval(Inventory.Balancer balancer, Node node, int left, Who who) {
    String id = node.server().id();
    try {
      synchronized (lock) {
        if (require(balancer, id) != node || !node.blocks().contains(Block.DRAINING)) {
          throw HttpProblem.of(409, "it does not drain any more");
        }
        remove(balancer, id);
      }
    } catch (HttpProblem e) {
      audit(who, "did not remove server " + id + ": " + e.getMessage());
      return;
    }
    audit(who, removed(balancer, id) + (left == 0 ? "" : ", with " + left + " still in flight"));
    String failure = written(balancer, who);
    if (failure != null) {
      LOG.warn("admin: {}", failure);
    }
  }

  private void remove(Inventory.Balancer balancer, String id) throws HttpProblem {
    synchronized (lock) {
      refuseLast(balancer, id);
      if (!balancer.balancer().remove(id)) {
        throw notFound();
      }
    }
  }

  private static void refuseLast(Inventory.Balancer balancer, String id) throws HttpProblem {
    require(balancer, id);
    if (balancer.balancer().nodes().size() == 1) {
      throw HttpProblem.of(409, "it is the last server (drain it instead)");
    }
  }

  Answer changeServer(Exchange exchange) throws HttpProblem {
    Inventory.Balancer balancer = targets.balancer(exchange);
    String id = exchange.variable("id");
    Form.Values values = SERVER_CHANGE.read(exchange.body);
    String state = values.text("state").orElse("");
    Integer drainSeconds = values.integer("drain_seconds").orElse(null);
    if (drainSeconds != null && !state.equals("drain")) {
      throw HttpProblem.of(
          422, List.of(Fault.at("/drain_seconds", "without state drain (expected: with it)")));
    }
    CompletionStage<Integer> drained = null;
    boolean changed;
    Server server;
    synchronized (lock) {
      Node node = require(balancer, id);
      if (drainSeconds != null) {
        refuseManyDrains();
      }
      if (state.equals("drain") && node.blocks().contains(Block.MAINTENANCE)) {
        throw HttpProblem.of(409, "it is in maintenance (make it ready first)");
      }
      server = with(node.server(), values);
      try {
        // This first, for a selector may refuse it: then nothing has changed.
        boolean updated = balancer.balancer().update(server);
        boolean blocked = false;
        if (drainSeconds != null) {
          drained = balancer.balancer().drain(id, Duration.ofSeconds(drainSeconds));
          blocked = true;
        } else if (state.equals("drain")) {
          blocked = balancer.balancer().drain(id);
        } else if (state.equals("maintenance")) {
          blocked = balancer.balancer().maintain(id);
        }
        boolean resumed = state.equals("ready") && balancer.balancer().resume(id);
        changed = blocked || updated || resumed;
      } catch (IllegalArgumentException e) {
        throw find(balancer, id) == null // removed from elsewhere, in this moment
            ? notFound()
            : refused(values.has("weight") ? "/weight" : "", e);
      }
    }
    Who who = exchange.who();
    if (drained != null) {
      afterwards(
          drained,
          who,
          balancer,
          id,
          left ->
              audit(
                  who,
                  "drain of server "
                      + id
                      + " of "
                      + balancer.name()
                      + (left == 0 ? ": done" : ": time is up, " + left + " still in flight")));
    }
    Answer answer = state(200, balancer, id);
    return changed ? done(exchange, balancer, text(balancer, id, values), answer) : answer;
  }

  private static String text(Inventory.Balancer balancer, String id, Form.Values values) {
    return "changed server " + id + " of " + balancer.name() + ": " + values;
  }

  private static CompletionStage<Integer> drain(
      Inventory.Balancer balancer, String id, long seconds) throws HttpProblem {
    try {
      return balancer.balancer().drain(id, Duration.ofSeconds(seconds));
    } catch (IllegalArgumentException e) { // removed from elsewhere, in this moment
      throw notFound();
    }
  }

  private void refuseManyDrains() throws HttpProblem {
    if (drains.get() >= MOST_DRAINS) {
      throw HttpProblem.of(
          409, MOST_DRAINS + " drains with a time limit are under way (expected: fewer)");
    }
  }

  private interface Drained {
    void left(int leases);
  }

  /**
   * When a drain is over; not on the thread that closed the last lease, which may be a loop's, nor
   * on one of the server's: it is to come even if that was closed since, as when it has moved.
   */
  private void afterwards(
      CompletionStage<Integer> drained,
      Who who,
      Inventory.Balancer balancer,
      String id,
      Drained then) {
    drains.incrementAndGet();
    var unused =
        drained
            .whenComplete((left, ended) -> drains.decrementAndGet())
            .whenCompleteAsync(
                (left, ended) -> {
                  String what = "drain of server " + id + " of " + balancer.name();
                  try {
                    if (left != null) {
                      then.left(left);
                    } else {
                      audit(who, what + ": ended before");
                    }
                  } catch (RuntimeException e) { // as of a user's selector; nobody else would tell
                    LOG.error("admin: {}: what was to follow failed", LogText.clean(what), e);
                  }
                });
  }

  Answer changeAlgorithm(Exchange exchange) throws HttpProblem {
    Inventory.Balancer balancer = targets.balancer(exchange);
    Form.Values values = ALGORITHM.read(exchange.body);
    String name = values.text("name").orElseThrow();
    Map<String, String> options = values.map("options");
    Selector.Factory selector;
    try {
      selector = Selectors.named(name, options);
    } catch (IllegalArgumentException e) {
      throw HttpProblem.of(422, List.of(faultOfOption(options, e)));
    }
    boolean changed;
    try {
      synchronized (lock) {
        changed = balancer.balancer().change().selector(selector).apply();
      }
    } catch (IllegalArgumentException e) { // what it says to these servers
      throw refused("/options", e);
    }
    Answer answer = Answer.json(views.algorithm(balancer));
    String text = "selector of " + balancer.name() + " is " + name + " " + options;
    return changed ? done(exchange, balancer, text, answer) : answer;
  }

  private static Fault faultOfOption(Map<String, String> options, IllegalArgumentException e) {
    String message = LogText.clean(Objects.requireNonNullElse(e.getMessage(), "not allowed"));
    int colon = message.indexOf(':');
    String option = colon < 0 ? "" : message.substring(0, colon);
    return options.containsKey(option)
        ? Fault.at("/options/" + option, message.substring(colon + 1).strip())
        : Fault.at("/options", message);
  }

  Answer config(Exchange exchange) throws HttpProblem {
    String json = control().json();
    return Answer.of(200, Answer.JSON, json).with("ETag", tag(json));
  }

  Answer replaceConfig(Exchange exchange) throws HttpProblem {
    String who = exchange.who().toString();
    String json = JsonBody.text(exchange.body);
    List<String> expected =
        exchange
            .header(HttpHeader.IF_MATCH)
            .map(tags -> List.of(tags.strip().split("\\s*,\\s*", -1)))
            .orElse(List.of("*"));
    try {
      return changes(
          control()
              .replace(json, now -> expected.contains("*") || expected.contains(tag(now)), who));
    } catch (ConfigException e) {
      throw HttpProblem.of(e);
    } catch (ConfigControl.ChangedMeanwhileException e) {
      throw HttpProblem.of(412, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      String notWritten = "in force, but not written to the file: " + clean(e);
      return changes(List.of(notWritten)).with("Evenkeel-Warning", notWritten);
    }
  }

  /** Of a configuration as it is shown; what is not shown in it, as tokens, is kept by a change. */
  private static String tag(String json) {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return '"' + HexFormat.of().formatHex(digest, 0, 16) + '"';
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every JVM has SHA-256", e);
    }
  }

  Answer reload(Exchange exchange) throws HttpProblem {
    try {
      return changes(control().reload(exchange.who().toString()));
    } catch (ConfigException e) {
      throw HttpProblem.of(e);
    } catch (IOException e) {
      throw HttpProblem.of(409, "the config file could not be read: " + clean(e));
    }
  }

  /** Told to the log and the events by the program, which tells of its own reloads, too. */
  private static Answer changes(List<String> changes) {
    ObjectNode json = object();
    ArrayNode list = json.putArray("changes");
    changes.forEach(list::add);
    return Answer.json(json);
  }

  Answer shutdown(Exchange exchange) throws HttpProblem {
    ConfigControl program = control();
    audit(exchange.who(), "shutdown");
    program.shutdown(exchange.who().toString());
    return Answer.json(202, object().put("draining", true));
  }

  private ConfigControl control() throws HttpProblem {
    if (control == null) {
      throw HttpProblem.of(404, "this process was not started from a configuration");
    }
    return control;
  }

  /** What happens after each change of a balancer. */
  private Answer done(Exchange exchange, Inventory.Balancer balancer, String text, Answer answer) {
    audit(exchange.who(), text);
    String failure = written(balancer, exchange.who());
    return failure == null ? answer : answer.with("Evenkeel-Warning", failure);
  }

  /** Has the change written to the file where that is wanted; says why it was not. */
  private @Nullable String written(Inventory.Balancer balancer, Who who) {
    if (control == null) {
      return null;
    }
    try {
      control.changed(balancer.name(), who.toString());
      return null;
    } catch (IOException e) {
      String failure = "in force, but not written to the file: " + clean(e);
      audit(who, failure);
      return failure;
    }
  }

  private static String clean(IOException e) {
    return LogText.clean(e.toString());
  }

  private void audit(Who who, String text) {
    LOG.info("admin: {}: {}", LogText.clean(who.toString()), LogText.clean(text));
    events.change(who.toString(), text);
  }

  private Answer state(int status, Inventory.Balancer balancer, String id) throws HttpProblem {
    ObjectNode state = views.server(balancer, id, false);
    if (state == null) {
      throw notFound(); // removed from elsewhere since
    }
    return Answer.json(status, state);
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** A selector that cannot be built over the servers as they would be. */
  private static HttpProblem refused(String pointer, IllegalArgumentException e) {
    String message = LogText.clean(Objects.requireNonNullElse(e.getMessage(), "not allowed"));
    return HttpProblem.of(422, List.of(Fault.at(pointer, message)));
  }

  private static HttpProblem notFound() {
    return HttpProblem.of(404, "no such server");
  }

  private static Node require(Inventory.Balancer balancer, String id) throws HttpProblem {
    Node node = find(balancer, id);
    if (node == null) {
      throw notFound();
    }
    return node;
  }

  private static @Nullable Node find(Inventory.Balancer balancer, String id) {
    return balancer.balancer().nodes().stream()
        .filter(node -> node.server().id().equals(id))
        .findFirst()
        .orElse(null);
  }
}
