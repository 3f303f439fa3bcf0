package io.evenkeel.health;

import io.evenkeel.core.Server;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Answers as told, or not at all. For one thread. */
final class FakeProbe implements Probe {

  record Call(Server server, CompletableFuture<ProbeResult> answer) {}

  final List<Call> calls = new ArrayList<>();
  private final Map<String, ProbeResult> answers = new HashMap<>();

  /** What the server answers from now on. */
  void answer(Server server, ProbeResult result) {
    answers.put(server.id(), result);
  }

  /** The server answers nothing from now on: its calls stay open. */
  void beSilent(Server server) {
    answers.remove(server.id());
  }

  Call last() {
    return calls.get(calls.size() - 1);
  }

  @Override
  public CompletionStage<ProbeResult> check(Server server, ProbeContext context) {
    Call call = new Call(server, new CompletableFuture<>());
    calls.add(call);
    if (answers.containsKey(server.id())) {
      call.answer.complete(answers.get(server.id()));
    }
    return call.answer;
  }
}
