package io.evenkeel.server.config;

import io.evenkeel.core.Server;
import io.evenkeel.server.config.Shape.Fields;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a server may say: an object, or a text as {@link Server#parse} reads it. */
final class ServerKeys {

  private static final Key<Server, String> HOST =
      Key.required("host", Types.text(), Server::host, "A name or an address, without brackets.");

  private static final Key<Server, Integer> PORT =
      Key.required("port", Types.integer(1, 65_535), Server::port, "Its port.");

  private static final Key<Server, Optional<String>> ID =
      Key.optional(
          "id",
          Types.text(),
          server -> Optional.of(server.id()).filter(id -> !id.equals(idByDefault(server))),
          "HOST:PORT",
          "Its name, unique in the balancer.");

  private static final Key<Server, Integer> WEIGHT =
      Key.of(
          "weight",
          Types.integer(0, Server.MAX_WEIGHT),
          Server::weight,
          1,
          "Its share, in proportion to the others'; 0: nothing new.");

  private static final Key<Server, Integer> TIER =
      Key.of(
          "tier",
          Types.integer(0, Integer.MAX_VALUE),
          Server::tier,
          0,
          "0 is used first; a higher one is a backup, used while no lower one is available.");

  private static final Key<Server, Optional<String>> ZONE =
      Key.optional(
          "zone",
          Types.text(),
          server -> Optional.ofNullable(server.zone()),
          "none",
          "Where it stands.");

  private static final Key<Server, Optional<Integer>> MAX_CONCURRENT =
      Key.optional(
          "max_concurrent",
          Types.integer(1, Integer.MAX_VALUE),
          server -> Optional.of(server.maxConcurrent()).filter(limit -> limit > 0),
          "the balancer's",
          "Connections that it may have at a time.");

  private static final Key<Server, Map<String, String>> METADATA =
      Key.of(
          "metadata",
          Types.map("[\\s\\S]*", "any text", 0, Types.text()),
          server -> new TreeMap<>(server.metadata()),
          Map.of(),
          "Texts by names, carried along for whoever looks.");

  private static final Shape<Server> SHAPE =
      new Shape<>(
          "a server, as {host: 10.0.0.1, port: 80}",
          List.of(HOST, PORT, ID, WEIGHT, TIER, ZONE, MAX_CONCURRENT, METADATA),
          ServerKeys::server);

  private static final String TEXT =
      "HOST:PORT[,weight=N][,tier=N][,zone=Z][,max_concurrent=N][,id=NAME]";

  /** Of a server in one text: Java's patterns take a stack frame for each repeated group. */
  private static final int LONGEST = 1024;

  private static final Type<Server> BRIEF =
      Types.mapped(
          Types.text("[^,]+:[0-9]+(,[a-z_]+=[^,]*)*", LONGEST, "a text " + TEXT),
          Server::parse,
          ServerKeys::brief);

  static final Type<Server> TYPE = Types.shorthand(BRIEF, SHAPE);

  /** A list of them: unique ids. */
  static final Type<List<Server>> LIST = Types.listOfUnique(TYPE, Server::id);

  private static final Key<List<Server>, List<Server>> SERVERS =
      Key.required("servers", LIST, servers -> servers, "The servers.");

  /** A file of servers. */
  static final Shape<List<Server>> FILE =
      new Shape<>("{servers: [...]}", List.of(SERVERS), fields -> fields.get(SERVERS));

  private ServerKeys() {}

  private static Server server(Fields fields) {
    Server server =
        Server.of(fields.get(HOST), fields.get(PORT))
            .withWeight(fields.get(WEIGHT))
            .withTier(fields.get(TIER))
            .withZone(fields.get(ZONE).orElse(null))
            .withMaxConcurrent(fields.get(MAX_CONCURRENT).orElse(0));
    if (fields.get(ID).isPresent()) {
      server = server.withId(fields.get(ID).get());
    }
    for (Map.Entry<String, String> entry : fields.get(METADATA).entrySet()) {
      server = server.withMetadata(entry.getKey(), entry.getValue());
    }
    return server;
  }

  private static String idByDefault(Server server) {
    return Server.of(server.host(), server.port()).id();
  }

  /** Null if there is no such text. */
  private static @Nullable Object brief(Server server) {
    StringBuilder text = new StringBuilder(idByDefault(server));
    if (server.weight() != 1) {
      text.append(",weight=").append(server.weight());
    }
    if (server.tier() != 0) {
      text.append(",tier=").append(server.tier());
    }
    if (server.zone() != null) {
      text.append(",zone=").append(server.zone());
    }
    if (server.maxConcurrent() != 0) {
      text.append(",max_concurrent=").append(server.maxConcurrent());
    }
    if (!server.id().equals(idByDefault(server))) {
      text.append(",id=").append(server.id());
    }
    if (text.length() > LONGEST) {
      return null;
    }
    try {
      return Server.parse(text.toString()).equals(server) ? text.toString() : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
