package io.evenkeel.server.admin;

import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens to each request, in this order: the host is looked at, the route found, the caller
 * identified, the origin looked at, then the query, then the body read (which takes no thread while
 * it has not come), then the route's handler asked. Nothing of a request that is turned away has
 * had an effect.
 */
final class AdminHandler extends Handler.Abstract {

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
  private static final Pattern JSON_TYPE =
      Pattern.compile("application/json *(; *charset=\"?utf-8\"?)?", Pattern.CASE_INSENSITIVE);

  private final Router router;
  private final Access access;
  private final Connections connections;
  private final PrometheusPage metrics;
  private final ScheduledExecutorService timer;
  private final long wrongTokenMillis;

  /** Set while this thread is in a route's handler. */
  private final ThreadLocal<Boolean> here = new ThreadLocal<>();

  private volatile boolean ending;

  AdminHandler(
      Router router,
      Access access,
      Connections connections,
      PrometheusPage metrics,
      ScheduledExecutorService timer,
      long wrongTokenMillis) {
    this.router = router;
    this.access = access;
    this.connections = connections;
    this.metrics = metrics;
    this.timer = timer;
    this.wrongTokenMillis = wrongTokenMillis;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    EndPoint connection = request.getConnectionMetaData().getConnection().getEndPoint();
    boolean isOpen = connections.request(connection);
    Request.addCompletionListener(request, failure -> connections.answered(connection));
    SecurityHeaders.put(response.getHeaders());
    try {
      Exchange exchange = new Exchange(request, response, callback);
      requireOpen(isOpen);
      begin(exchange);
    } catch (HttpProblem e) {
      refuse(request, response, callback, e);
    } catch (RuntimeException | Error e) {
      fail(request, response, callback, e);
    }
    return true;
  }

  /** Where the connection was given up, its request is dropped: nobody will see this. */
  private static void requireOpen(boolean isOpen) throws HttpProblem {
    if (!isOpen) {
      throw HttpProblem.of(503, "the connection was closed");
    }
  }

  /** Whether it is this thread that does what a request asks for, here. */
  boolean isHere() {
    return here.get() != null;
  }

  /** From now on each answer is the last of its connection. */
  void end() {
    ending = true;
  }

  private void begin(Exchange exchange) throws HttpProblem {
    access.checkHost(exchange);
    if (exchange.method().equals("OPTIONS")) {
      send(exchange, Answer.nothing().with("Allow", router.allowed(exchange.path)));
      return;
    }
    Route route = router.find(exchange);
    if (route.role() != null) {
      exchange.who(access.identify(exchange, route.role()));
      requireOpen(connections.letIn(exchange.connection()));
    }
    access.checkOrigin(exchange);
    route.checkQuery(exchange);
    if (checkBody(exchange, route)) {
      BodyReader.read(
          exchange.request,
          route.bodyLimit(),
          body -> {
            exchange.body = body;
            finishOrRefuse(exchange, route);
          },
          problem -> refuse(exchange, problem));
    } else {
      finish(exchange, route);
    }
  }

  /** Whether there is one to be read. */
  private static boolean checkBody(Exchange exchange, Route route) throws HttpProblem {
    boolean body = hasBody(exchange.request);
    if (route.bodyLimit() == 0) {
      if (body) {
        throw HttpProblem.of(413, "a body (expected: none)");
      }
      return false;
    }
    String type = exchange.header(HttpHeader.CONTENT_TYPE).orElse("");
    if (!JSON_TYPE.matcher(type.toLowerCase(Locale.ROOT)).matches()) {
      throw HttpProblem.with(
          415, "Content-Type: not expected (expected: application/json)", "Accept", Answer.JSON);
    }
    if (length(exchange.request) > route.bodyLimit()) {
      throw BodyReader.tooLarge(route.bodyLimit());
    }
    return body;
  }

  private static boolean hasBody(Request request) {
    return length(request) > 0 || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING);
  }

  private static long length(Request request) {
    return request.getHeaders().getLongField(HttpHeader.CONTENT_LENGTH);
  }

  private void finishOrRefuse(Exchange exchange, Route route) {
    try {
      if (route.role() != null) {
        access.requireStill(exchange.who()); // the body may have taken its time
      }
      finish(exchange, route);
    } catch (HttpProblem e) {
      send(exchange, Answer.problem(e));
    } catch (RuntimeException | Error e) {
      fail(exchange.request, exchange.response, exchange.callback, e);
    }
  }

  private void finish(Exchange exchange, Route route) throws HttpProblem {
    Answer answer;
    here.set(true);
    try {
      answer = route.handler().handle(exchange);
    } finally {
      here.remove();
    }
    if (answer != null) {
      send(exchange, answer);
    } else { // the handler has begun to answer
      metrics.answered(exchange.response.getStatus());
    }
  }

  private void refuse(Exchange exchange, HttpProblem problem) {
    refuse(exchange.request, exchange.response, exchange.callback, problem);
  }

  /** At once, or after a while, which takes no thread. */
  private void refuse(Request request, Response response, Callback callback, HttpProblem problem) {
    if (hasBody(request)) { // of which something may still be under way
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
    }
    Runnable answer = () -> send(request, response, callback, Answer.problem(problem));
    if (problem.isSlow()) {
      try {
        var unused = timer.schedule(answer, wrongTokenMillis, TimeUnit.MILLISECONDS);
        return;
      } catch (RejectedExecutionException e) { // it is being closed
        LOG.debug("answered at once", e);
      }
    }
    answer.run();
  }

  /** A fault of ours: told in the log alone. */
  private void fail(Request request, Response response, Callback callback, Throwable e) {
    LOG.error(
        "{} {} failed",
        LogText.clean(request.getMethod()),
        LogText.clean(request.getHttpURI().toString()),
        e);
    send(request, response, callback, Answer.problem(HttpProblem.of(500, "see the log")));
  }

  private void send(Exchange exchange, Answer answer) {
    send(exchange.request, exchange.response, exchange.callback, answer);
  }

  private void send(Request request, Response response, Callback callback, Answer answer) {
    metrics.answered(answer.status());
    response.setStatus(answer.status());
    if (ending) {
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
    }
    answer.headers().forEach(response.getHeaders()::put);
    if (!answer.type().isEmpty()) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, answer.type());
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, answer.body().remaining());
    }
    boolean bodyless = answer.type().isEmpty() || request.getMethod().equals("HEAD");
    response.write(true, bodyless ? null : answer.body().slice(), callback);
  }
}
