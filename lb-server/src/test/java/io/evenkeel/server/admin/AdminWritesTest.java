package io.evenkeel.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.evenkeel.core.Block;
import io.evenkeel.core.Lease;
import io.evenkeel.core.Node;
import io.evenkeel.core.Server;
import io.evenkeel.server.admin.Api.Reply;
import io.evenkeel.server.config.ConfigException;
import io.evenkeel.server.config.Problem;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can be changed, through the port: good and bad. */
class AdminWritesTest {

  private final Program program = new Program();
  private final Api api = new Api(builder -> builder.config(program));

  @AfterEach
  void close() {
    api.close();
  }

  /** What a program with a config would do; it writes down what it is asked for. */
  private static final class Program implements ConfigControl {
    final List<String> asked = new CopyOnWriteArrayList<>();
    volatile ConfigException bad;
    volatile IOException unwritten;
    volatile String json = "{\"drain\":\"30s\"}";

    @Override
    public String json() {
      return json;
    }

    @Override
    public List<String> replace(String json, Predicate<String> isExpected, String who)
        throws ConfigException, IOException, ChangedMeanwhileException {
      if (!isExpected.test(json())) {
        throw new ChangedMeanwhileException();
      }
      asked.add("replace " + json + " by " + who);
      return result();
    }

    @Override
    public List<String> reload(String who) throws ConfigException, IOException {
      asked.add("reload by " + who);
      return result();
    }

    private List<String> result() throws ConfigException, IOException {
      if (bad != null) {
        throw bad;
      }
      if (unwritten != null) {
        throw unwritten;
      }
      return List.of("one", "two");
    }

    @Override
    public void changed(String balancer, String who) throws IOException {
      asked.add("changed " + balancer + " by " + who);
      if (unwritten != null) {
        throw unwritten;
      }
    }

    @Override
    public void shutdown(String who) {
      asked.add("shutdown by " + who);
    }
  }

  private Node node(String id) {
    return api.balancer.nodes().stream()
        .filter(node -> node.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private String lastChange() {
    List<EventLog.Entry> entries = api.inventory.events().after(0);
    return entries.stream()
        .filter(entry -> entry.type() == EventLog.Type.CHANGE)
        .reduce((first, second) -> second)
        .map(entry -> entry.subject() + ": " + entry.text())
        .orElse("none");
  }

  @Test
  void post_addsAServer_withAllThatItHas() throws Exception {
    Reply reply =
        api.send(
            "POST",
            "/api/v1/servers",
            "{\"host\":\"10.0.0.9\",\"port\":80,\"id\":\"x/y\",\"weight\":5,\"tier\":1,"
                + "\"zone\":\"z\",\"metadata\":{\"k\":\"v\"},\"max_concurrent\":7}");
    assertThat(reply.status()).as(reply.toString()).isEqualTo(201);
    assertThat(reply.header("Location")).isEqualTo("/api/v1/balancers/web/servers/x%2Fy");
    assertThat(reply.json()).isEqualTo(strip(api.get(reply.header("Location")).json(), reply));
    assertThat(api.state()).contains("x/y10.0.0.9:80 w5 t1 zz m7{k=v}[]");
    assertThat(lastChange()).startsWith("anonymous (127.0.0.1): added server x/y");
    assertThat(program.asked).containsExactly("changed web by anonymous (127.0.0.1)");
    assertThat(api.send("POST", "/api/v1/servers", "{\"host\":\"h\",\"port\":1,\"id\":\"x/y\"}"))
        .extracting(Reply::status)
        .isEqualTo(409);
    Reply plain =
        api.send("POST", "/api/v1/balancers/web/servers", "{\"host\":\"::1\",\"port\":9}");
    assertThat(plain.json().path("id").asText()).isEqualTo("[::1]:9");
  }

  /** Times pass between two looks. */
  private static JsonNode strip(JsonNode later, Reply earlier) {
    for (String key : List.of("since_seconds")) {
      ((com.fasterxml.jackson.databind.node.ObjectNode) later).set(key, earlier.json().get(key));
    }
    return later;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "POST  | /servers   | {                          | 400 |          |",
        "POST  | /servers   | []                         | 422 |          | not an object",
        "POST  | /servers   | {} {}                      | 400 |          | not the JSON",
        "POST  | /servers   | {'host':'h','host':'i'}    | 400 |          | Duplicate",
        "POST  | /servers   | {'host':'h'}               | 422 | /port    | missing (expected: 1 to 65535)",
        "POST  | /servers   | {'host':'h','port':0}      | 422 | /port    | 0 (expected: 1 to 65535)",
        "POST  | /servers   | {'host':'h','port':80.0}   | 422 | /port    | 80.0 (expected: 1 to 65535)",
        "POST  | /servers   | {'host':'h','port':'80'}   | 422 | /port    | \"80\" (expected: 1 to 65535)",
        "POST  | /servers   | {'host':'h','port':1e999}  | 422 | /port    | (expected: 1 to 65535)",
        "POST  | /servers   | {'host':' ','port':1}      | 422 | /host    | (expected: a text",
        "POST  | /servers   | {'host':'a\\u0000','port':1}| 422 | /host   | (expected: a text",
        "POST  | /servers   | {'host':null,'port':1}     | 422 | /host    | null (expected: a text",
        "POST  | /servers   | {'host':'h','port':1,'wieght':2} | 422 | /wieght | did you mean weight?",
        "POST  | /servers   | {'host':'h','port':1,'metadata':{'a':1}} | 422 | /metadata | (expected: an object",
        "PATCH | /servers/a | {'weight':-1}              | 422 | /weight  | -1 (expected: 0 to 1000000)",
        "PATCH | /servers/a | {'weight':1000001}         | 422 | /weight  | 1000001",
        "PATCH | /servers/a | {'weight':99999999999999999999999} | 422 | /weight | (expected: 0 to 1000000)",
        "PATCH | /servers/a | {'weight':null}            | 422 | /weight  | null",
        "PATCH | /servers/a | {'tier':1,'state':'gone'}  | 422 | /state   | (expected: ready, drain, maintenance)",
        "PATCH | /servers/a | {'weight':9,'drain_seconds':3} | 422 | /drain_seconds | without state drain",
        "PATCH | /servers/a | {'weight':9,'state':'ready','drain_seconds':3} | 422 | /drain_seconds | without state drain",
        "PATCH | /servers/a | {'port':3}                 | 422 | /port    | unknown key",
        "PATCH | /servers/a | {'a~b/c':3}                | 422 | /a~0b~1c | unknown key",
        "PATCH | /servers/z | {'weight':1}               | 404 |          | no such server",
        "PUT   | /algorithm | {'name':'round_robbin'}    | 422 | /name    | (expected: ",
        "PUT   | /algorithm | {'name':'ring_hash','options':{'placement':'x'}} | 422 | /options/placement | (expected: ",
        "PUT   | /algorithm | {'name':'round_robin','options':{'table_size':'3'}} | 422 | /options | table_size",
        "PUT   | /algorithm | {'options':{}}             | 422 | /name    | missing",
        "PUT   | /algorithm | {'name':'maglev','options':{'table_size':7}} | 422 | /options | (expected: an object",
      })
  void badChanges_sayWhatIsWrong_andChangeNothing(
      String method, String path, String body, int status, String pointer, String detail)
      throws Exception {
    String before = api.state();
    Reply reply = api.send(method, "/api/v1" + path, body.replace('\'', '"'));
    assertThat(reply.status()).as(reply.toString()).isEqualTo(status);
    assertThat(reply.header("Content-Type")).isEqualTo("application/problem+json");
    if (pointer != null) {
      assertThat(reply.json().path("errors").path(0).path("pointer").asText()).isEqualTo(pointer);
      assertThat(reply.json().path("errors").path(0).path("detail").asText()).contains(detail);
    } else if (detail != null) {
      assertThat(reply.json().path("detail").asText()).contains(detail);
    }
    assertThat(api.state()).isEqualTo(before);
    assertThat(lastChange()).isEqualTo("none");
    assertThat(program.asked).isEmpty();
  }

  @Test
  void everythingThatIsWrong_isToldAtOnce() throws Exception {
    Reply reply = api.send("POST", "/api/v1/servers", "{\"port\":-1,\"x\":1,\"tier\":-1}");
    assertThat(reply.json().path("errors")).hasSize(4);
    assertThat(reply.json().path("detail").asText()).endsWith(", and 3 more");
  }

  @Test
  void brokenJson_isNamedByLineAndColumn() throws Exception {
    Reply reply = api.send("POST", "/api/v1/servers", "{\n  \"host\" \"h\"}");
    JsonNode error = reply.json().path("errors").path(0);
    assertThat(error.path("line").asInt()).isEqualTo(2);
    assertThat(error.path("column").asInt()).isBetween(9, 11);
  }

  @Test
  void json_deepLongOrNotUtf8_isRefused() throws Exception {
    String deep = "{\"metadata\":" + "[".repeat(1000) + "]".repeat(1000) + "}";
    assertThat(api.send("POST", "/api/v1/servers", deep).status()).isEqualTo(400);
    String number = "{\"port\":" + "1".repeat(1000) + "}";
    assertThat(api.send("POST", "/api/v1/servers", number).status()).isEqualTo(400);
    String large = "{\"host\":\"" + "h".repeat(20_000) + "\"}";
    assertThat(api.send("POST", "/api/v1/servers", large).status()).isEqualTo(413);
    String answer =
        api.raw(
            "POST /api/v1/servers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: 4\r\n\r\n\"\u00ff\u00fe\"");
    assertThat(answer).startsWith("HTTP/1.1 400 ").contains("not UTF-8");
  }

  @Test
  void bodies_thatAreNotJson_orNotAskedFor_areRefused() throws Exception {
    Reply text =
        api.send(
            api.request("POST", "/api/v1/servers", "")
                .header("Content-Type", "text/plain")
                .method("POST", java.net.http.HttpRequest.BodyPublishers.ofString("{}")));
    assertThat(text.status()).isEqualTo(415);
    assertThat(api.send("DELETE", "/api/v1/servers/a", "{}").status()).isEqualTo(413);
    assertThat(api.send("POST", "/api/v1/servers", "").status()).isEqualTo(415);
    String chunked =
        api.raw(
            "POST /api/v1/servers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + ("4000\r\n" + "x".repeat(0x4000) + "\r\n").repeat(3));
    assertThat(chunked).startsWith("HTTP/1.1 413 ");
    assertThat(api.balancer.nodes()).hasSize(3);
  }

  @Test
  void patch_changesWhatIsNamed_andNothingElse() throws Exception {
    Reply reply =
        api.send(
            "PATCH",
            "/api/v1/servers/a",
            "{\"weight\":5,\"tier\":2,\"zone\":\"z\",\"max_concurrent\":9}");
    assertThat(reply.status()).as(reply.toString()).isEqualTo(200);
    assertThat(reply.json().path("weight").asInt()).isEqualTo(5);
    assertThat(api.state()).contains("a127.0.0.1:1001 w5 t2 zz m9{}[]");
    api.send("PATCH", "/api/v1/servers/a", "{\"zone\":null,\"max_concurrent\":null}");
    assertThat(api.state()).contains("a127.0.0.1:1001 w5 t2 znull m0{}[]");
    assertThat(lastChange()).contains("changed server a of web: {zone=null, max_concurrent=null}");
  }

  @Test
  void patch_thatChangesNothing_isAnsweredAndNotLogged() throws Exception {
    assertThat(api.send("PATCH", "/api/v1/servers/a", "{}").status()).isEqualTo(200);
    assertThat(api.send("PATCH", "/api/v1/servers/a", "{\"weight\":1}").status()).isEqualTo(200);
    assertThat(api.send("PATCH", "/api/v1/servers/a", "{\"state\":\"ready\"}").status())
        .isEqualTo(200);
    assertThat(lastChange()).isEqualTo("none");
    assertThat(program.asked).isEmpty();
  }

  @Test
  void patch_state_goesThroughDrainMaintenanceAndReady() throws Exception {
    Reply drained = api.send("PATCH", "/api/v1/servers/a", "{\"state\":\"drain\"}");
    assertThat(drained.json().path("state").asText()).isEqualTo("draining");
    assertThat(node("a").blocks()).containsExactly(Block.DRAINING);
    Reply maintained = api.send("PATCH", "/api/v1/servers/a", "{\"state\":\"maintenance\"}");
    assertThat(maintained.json().path("state").asText()).isEqualTo("maintenance");
    Reply refused = api.send("PATCH", "/api/v1/servers/a", "{\"state\":\"drain\",\"weight\":7}");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(node("a").server().weight()).isEqualTo(1);
    Reply ready = api.send("PATCH", "/api/v1/servers/a", "{\"state\":\"ready\",\"weight\":7}");
    assertThat(ready.json().path("eligible").asBoolean()).isTrue();
    assertThat(node("a").blocks()).isEmpty();
    assertThat(node("a").server().weight()).isEqualTo(7);
  }

  @Test
  void drain_withADeadline_isAnsweredAtOnce_andItsEndIsAnEvent() throws Exception {
    try (Lease lease = api.balancer.acquire()) {
      String id = lease.server().id();
      Reply reply =
          api.send("PATCH", "/api/v1/servers/" + id, "{\"state\":\"drain\",\"drain_seconds\":600}");
      assertThat(reply.status()).as(reply.toString()).isEqualTo(200);
      assertThat(reply.json().path("in_flight").asInt()).isEqualTo(1);
      lease.success();
      lease.close();
      awaitChange("drain of server " + id + " of web: done");
      assertThat(node(id).blocks()).containsExactly(Block.DRAINING);
    }
  }

  @Test
  void delete_afterADrain_removesWhenItIsDone_andNotIfTheDrainIsEnded() throws Exception {
    String id;
    try (Lease lease = api.balancer.acquire()) {
      id = lease.server().id();
      Reply reply = api.send("DELETE", "/api/v1/servers/" + id + "?drain_seconds=600", "");
      assertThat(reply.status()).as(reply.toString()).isEqualTo(202);
      assertThat(reply.json().path("removing").asText()).isEqualTo(id);
      assertThat(node(id).blocks()).containsExactly(Block.DRAINING);
    }
    awaitChange("removed server " + id + " of web");
    assertThat(api.balancer.nodes()).hasSize(2);
    try (Lease lease = api.balancer.acquire()) {
      String other = lease.server().id();
      api.send("DELETE", "/api/v1/servers/" + other + "?drain_seconds=600", "");
      api.send("PATCH", "/api/v1/servers/" + other, "{\"state\":\"ready\"}");
      awaitChange("drain of server " + other + " of web: ended before");
    }
    assertThat(api.balancer.nodes()).hasSize(2);
  }

  @Test
  void delete_afterADrain_doesNotRemoveAnotherServerThatHasTheIdByThen() throws Exception {
    try (Lease lease = api.balancer.acquire()) {
      Server before = lease.server();
      api.send("DELETE", "/api/v1/servers/" + before.id() + "?drain_seconds=600", "");
      assertThat(api.balancer.remove(before.id())).isTrue();
      api.balancer.add(before.withWeight(7));
      lease.close();
      awaitChange("did not remove server " + before.id() + ": it does not drain any more");
      assertThat(node(before.id()).server().weight()).isEqualTo(7);
    }
  }

  @Test
  void whatASelectorRefuses_isSaid_andNothingOfItIsDone() throws Exception {
    for (int i = 0; i < 3; i++) {
      api.balancer.add(Server.of("127.0.0.1", 2000 + i));
    }
    assertRefused(
        "PUT", "/algorithm", "{'name':'maglev','options':{'table_size':'5'}}", "/options");
    String nginx = "{\"name\":\"ring_hash\",\"options\":{\"placement\":\"nginx\"}}";
    assertThat(api.send("PUT", "/api/v1/algorithm", nginx).status()).isEqualTo(200);
    assertRefused("PATCH", "/servers/a", "{'state':'drain','weight':100000}", "/weight");
    assertRefused("POST", "/servers", "{'host':'h','port':1,'weight':100000}", "");
  }

  private void assertRefused(String method, String path, String body, String pointer)
      throws Exception {
    String before = api.state();
    Reply reply = api.send(method, "/api/v1" + path, body.replace('\'', '"'));
    assertThat(reply.status()).as(reply.toString()).isEqualTo(422);
    assertThat(reply.json().path("errors").path(0).path("pointer").asText()).isEqualTo(pointer);
    assertThat(api.state()).isEqualTo(before);
  }

  @Test
  void delete_afterADrainWhoseTimeIsUp_removesAllTheSame() throws Exception {
    try (Lease lease = api.balancer.acquire()) {
      String id = lease.server().id();
      api.send("DELETE", "/api/v1/servers/" + id + "?drain_seconds=0", "");
      awaitChange("removed server " + id + " of web, with 1 still in flight");
      assertThat(api.balancer.nodes()).hasSize(2);
    }
  }

  /** Until the log has it, a bounded time each. */
  private void awaitChange(String text) throws InterruptedException {
    long seen = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() - end < 0) {
      for (EventLog.Entry entry :
          api.inventory.events().await(seen, java.time.Duration.ofSeconds(30))) {
        seen = entry.seq();
        if (entry.text().equals(text)) {
          return;
        }
      }
    }
    throw new AssertionError(text + " was not in " + api.inventory.events().after(0));
  }

  @Test
  void delete_removes_butNotTheLast() throws Exception {
    assertThat(api.send("DELETE", "/api/v1/servers/z", "").status()).isEqualTo(404);
    Reply reply = api.send("DELETE", "/api/v1/servers/a", "");
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.json().toString()).isEqualTo("{\"removed\":\"a\"}");
    assertThat(api.send("DELETE", "/api/v1/servers/a", "").status()).isEqualTo(404);
    api.send("DELETE", "/api/v1/servers/b", "");
    assertThat(api.send("DELETE", "/api/v1/servers/c", "").status()).isEqualTo(409);
    assertThat(api.send("DELETE", "/api/v1/servers/c?drain_seconds=1", "").status()).isEqualTo(409);
    assertThat(api.balancer.nodes()).hasSize(1);
    assertThat(node("c").blocks()).isEmpty();
  }

  @Test
  void algorithm_isChanged_andAnsweredAsItIsThen() throws Exception {
    Reply reply =
        api.send(
            "PUT",
            "/api/v1/algorithm",
            "{\"name\":\"ring_hash\",\"options\":{\"placement\":\"ketama\"}}");
    assertThat(reply.status()).as(reply.toString()).isEqualTo(200);
    assertThat(reply.json().toString())
        .isEqualTo(
            "{\"name\":\"ring_hash\",\"keyed\":true,\"options\":{\"placement\":\"ketama\"}}");
    assertThat(api.get("/api/v1/algorithm").json()).isEqualTo(reply.json());
    assertThat(lastChange()).contains("selector of web is ring_hash {placement=ketama}");
    assertThat(program.asked).hasSize(1);
  }

  @Test
  void drainsWithATimeLimit_areBounded_andTheirEndMakesRoom() throws Exception {
    try (Lease lease = api.balancer.acquire()) {
      String path = "/api/v1/servers/" + lease.server().id();
      String drain = "{\"state\":\"drain\",\"drain_seconds\":86400}";
      for (int i = 0; i < 1_000; i++) {
        assertThat(api.send("PATCH", path, drain).status()).isEqualTo(200);
      }
      Reply refused = api.send("PATCH", path, drain);
      assertThat(refused.status()).isEqualTo(409);
      assertThat(refused.json().path("detail").asText()).contains("1000 drains");
      assertThat(api.send("DELETE", path + "?drain_seconds=1", "").status()).isEqualTo(409);
      assertThat(api.send("PATCH", path, "{\"state\":\"ready\"}").status()).isEqualTo(200);
      assertThat(api.send("PATCH", path, drain).status()).isEqualTo(200);
    }
  }

  @Test
  void config_isAskedOfTheProgram() throws Exception {
    assertThat(api.get("/api/v1/config").json().toString()).isEqualTo("{\"drain\":\"30s\"}");
    Reply put = api.send("PUT", "/api/v1/config", "{\"x\":1}");
    assertThat(put.json().toString()).isEqualTo("{\"changes\":[\"one\",\"two\"]}");
    Reply reload = api.send("POST", "/api/v1/reload", "");
    assertThat(reload.json().toString()).isEqualTo("{\"changes\":[\"one\",\"two\"]}");
    Reply shutdown = api.send("POST", "/api/v1/shutdown", "");
    assertThat(shutdown.status()).isEqualTo(202);
    assertThat(shutdown.json().toString()).isEqualTo("{\"draining\":true}");
    String who = " by anonymous (127.0.0.1)";
    assertThat(program.asked)
        .containsExactly("replace {\"x\":1}" + who, "reload" + who, "shutdown" + who);
    // The program tells of its own changes of the configuration.
    assertThat(api.inventory.events().after(0))
        .extracting(EventLog.Entry::text)
        .containsExactly("shutdown");
  }

  @Test
  void config_isReplaced_ifItIsTheOneThatWasSeen() throws Exception {
    String tag = api.get("/api/v1/config").header("ETag");
    assertThat(tag).matches("\"[0-9a-f]{32}\"");
    assertThat(api.get("/api/v1/config").header("ETag")).isEqualTo(tag);
    for (String good : List.of(tag, "*", "\"other\" , " + tag, tag + "," + tag)) {
      program.asked.clear();
      assertThat(api.send(put().header("If-Match", good)).status()).isEqualTo(200);
      assertThat(program.asked).hasSize(1);
    }
    for (String bad : List.of("\"other\"", "W/" + tag, "", ",,", tag.replace("\"", ""))) {
      program.asked.clear();
      Reply reply = api.send(put().header("If-Match", bad));
      assertThat(reply.status()).as(bad).isEqualTo(412);
      assertThat(reply.header("Content-Type")).isEqualTo("application/problem+json");
      assertThat(reply.json().path("detail").asText()).contains("changed meanwhile");
      assertThat(program.asked).isEmpty();
    }
    program.json = "{\"drain\":\"5s\"}";
    assertThat(api.send(put().header("If-Match", tag)).status()).isEqualTo(412);
    assertThat(api.send(put()).status()).isEqualTo(200);
  }

  private HttpRequest.Builder put() {
    return api.request("PUT", "/api/v1/config", "{}");
  }

  @Test
  void config_thatCannotBe_isAProblemWithEveryPlace() throws Exception {
    program.bad =
        new ConfigException(List.of(new Problem(3, 7, "balancers.web.tier", "'x' (expected: 0)")));
    for (String[] request :
        List.of(new String[] {"PUT", "/config", "{}"}, new String[] {"POST", "/reload", ""})) {
      Reply reply = api.send(request[0], "/api/v1" + request[1], request[2]);
      assertThat(reply.status()).isEqualTo(422);
      assertThat(reply.json().path("errors").path(0).toString())
          .isEqualTo(
              "{\"pointer\":\"balancers.web.tier\",\"line\":3,\"column\":7,\"detail\":\"'x'"
                  + " (expected: 0)\"}");
    }
    assertThat(lastChange()).isEqualTo("none");
  }

  @Test
  void whatCouldNotBeWrittenBack_isInForce_andSaysSo() throws Exception {
    program.unwritten = new IOException("disk full");
    Reply patch = api.send("PATCH", "/api/v1/servers/a", "{\"weight\":3}");
    assertThat(patch.status()).isEqualTo(200);
    assertThat(patch.header("Evenkeel-Warning")).contains("disk full");
    assertThat(node("a").server().weight()).isEqualTo(3);
    Reply put = api.send("PUT", "/api/v1/config", "{}");
    assertThat(put.json().path("changes").path(0).asText()).contains("not written", "disk full");
    assertThat(api.send("POST", "/api/v1/reload", "").status()).isEqualTo(409);
  }

  @Test
  void namesInTheLog_forgeNoLines() throws Exception {
    // Neither by a host's name nor by an id can a control character come in; others are shown as ?.
    Reply reply =
        api.send(
            "POST", "/api/v1/servers", "{\"host\":\"h\",\"port\":1,\"id\":\"a\\u2028\\u202eb\"}");
    assertThat(reply.status()).isEqualTo(201);
    assertThat(lastChange()).contains("added server a??b");
  }

  @Test
  void concurrentPatches_loseNothingOfOneAnother() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      for (int round = 1; round <= 25; round++) {
        int value = round;
        List<Future<Reply>> replies = new ArrayList<>();
        for (String body :
            List.of(
                "{\"weight\":" + value + "}",
                "{\"tier\":" + value + "}",
                "{\"max_concurrent\":" + value + "}",
                "{\"zone\":\"" + value + "\"}")) {
          replies.add(threads.submit(() -> api.send("PATCH", "/api/v1/servers/b", body)));
        }
        for (Future<Reply> reply : replies) {
          assertThat(reply.get().status()).isEqualTo(200);
        }
        assertThat(api.state())
            .contains("b127.0.0.1:1002 w" + value + " t" + value + " z" + value + " m" + value);
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
