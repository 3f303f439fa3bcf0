package io.evenkeel.server.admin;

import io.evenkeel.core.BalancerEvent;
import io.evenkeel.core.BalancerEvent.LeaseLeaked;
import io.evenkeel.core.BalancerEvent.ServerAdded;
import io.evenkeel.core.BalancerEvent.ServerBlocked;
import io.evenkeel.core.BalancerEvent.ServerRemoved;
import io.evenkeel.core.BalancerEvent.ServerUnblocked;
import io.evenkeel.core.BalancerEvent.ServerUpdated;
import io.evenkeel.core.BalancerEvent.ServerWeighed;
import io.evenkeel.core.Block;
import io.evenkeel.core.HostPort;
import io.evenkeel.core.Server;
import io.evenkeel.proxy.PauseReason;
import io.evenkeel.proxy.ProxyEvent;
import io.evenkeel.proxy.ProxyEvent.AcceptingPaused;
import io.evenkeel.proxy.ProxyEvent.AcceptingResumed;
import io.evenkeel.proxy.ProxyEvent.Draining;
import io.evenkeel.proxy.ProxyEvent.Listening;
import io.evenkeel.proxy.ProxyEvent.Stopped;
import io.evenkeel.server.admin.EventLog.ListenerState;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What events are called and say, for people and for programs. */
final class EventText {

  private EventText() {}

  /** One word, as in the API. */
  static String what(BalancerEvent event) {
    if (event instanceof ServerBlocked) {
      return "blocked";
    } else if (event instanceof ServerUnblocked) {
      return "unblocked";
    } else if (event instanceof ServerAdded) {
      return "added";
    } else if (event instanceof ServerRemoved) {
      return "removed";
    } else if (event instanceof ServerUpdated) {
      return "updated";
    } else if (event instanceof ServerWeighed) {
      return "weighed";
    }
    return event instanceof LeaseLeaked ? "leaked" : "other";
  }

  /** Whether a server may be in another state from then on. */
  static boolean changesState(BalancerEvent event) {
    return event instanceof ServerBlocked
        || event instanceof ServerUnblocked
        || event instanceof ServerAdded
        || (event instanceof ServerUpdated updated
            && (updated.server().weight() == 0) != (updated.before().weight() == 0));
  }

  /** A sentence without its full stop. */
  static String sentence(BalancerEvent event) {
    Server server = event.server();
    String name = name(server);
    if (event instanceof ServerBlocked blocked) {
      return name + blocked(blocked.block()) + because(blocked.cause());
    } else if (event instanceof ServerUnblocked unblocked) {
      return name + unblocked(unblocked.block()) + because(unblocked.cause());
    } else if (event instanceof ServerAdded) {
      return name + " was added, weight " + server.weight();
    } else if (event instanceof ServerRemoved) {
      return name + " was removed";
    } else if (event instanceof ServerUpdated updated) {
      return name + " was changed: " + difference(updated.before(), server);
    } else if (event instanceof ServerWeighed weighed) {
      return name + " wants " + weighed.percent() + " % of its weight" + because(weighed.cause());
    } else if (event instanceof LeaseLeaked) {
      return name + ": a lease of it was never closed; the log says who took it";
    }
    return name + ": " + event;
  }

  private static String name(Server server) {
    String address = new HostPort(server.host(), server.port()).toString();
    return "server " + (server.id().equals(address) ? address : server.id() + " (" + address + ")");
  }

  private static String because(String cause) {
    return cause.isBlank() ? "" : ": " + cause;
  }

  private static String blocked(Block block) {
    return switch (block) {
      case DRAINING -> " drains";
      case MAINTENANCE -> " is in maintenance";
      case PROBE_DOWN -> " is down";
      case EJECTED -> " is ejected";
      case CIRCUIT_OPEN -> " has its circuit open";
    };
  }

  private static String unblocked(Block block) {
    return switch (block) {
      case DRAINING -> " drains no more";
      case MAINTENANCE -> " is out of maintenance";
      case PROBE_DOWN -> " is up again";
      case EJECTED -> " is back from its ejection";
      case CIRCUIT_OPEN -> " has its circuit open no more";
    };
  }

  private static String difference(Server before, Server now) {
    List<String> parts = new ArrayList<>();
    String from = new HostPort(before.host(), before.port()).toString();
    String to = new HostPort(now.host(), now.port()).toString();
    add(parts, "address", from, to);
    add(parts, "weight", before.weight(), now.weight());
    add(parts, "tier", before.tier(), now.tier());
    add(parts, "max_concurrent", limit(before), limit(now));
    add(parts, "zone", before.zone(), now.zone());
    add(parts, "metadata", before.metadata(), now.metadata());
    return parts.isEmpty() ? "nothing that shows" : String.join(", ", parts);
  }

  private static @Nullable Integer limit(Server server) {
    return server.maxConcurrent() == 0 ? null : server.maxConcurrent();
  }

  private static void add(
      List<String> parts, String what, @Nullable Object from, @Nullable Object to) {
    if (!Objects.equals(from, to)) {
      parts.add(what + " " + text(from) + " to " + text(to));
    }
  }

  private static String text(@Nullable Object value) {
    return value == null ? "none" : value.toString();
  }

  /** One word, as in the API. */
  static String what(ProxyEvent event) {
    if (event instanceof Listening) {
      return "listening";
    } else if (event instanceof AcceptingPaused) {
      return "paused";
    } else if (event instanceof AcceptingResumed) {
      return "resumed";
    } else if (event instanceof Draining) {
      return "draining";
    }
    return event instanceof Stopped ? "stopped" : "other";
  }

  /** A sentence without its full stop. */
  static String sentence(String listener, ProxyEvent event) {
    String name = "listener " + listener;
    if (event instanceof Listening listening) {
      return name
          + " listens on "
          + new HostPort(
              listening.address().getAddress().getHostAddress(), listening.address().getPort());
    } else if (event instanceof AcceptingPaused paused) {
      return name + " takes nobody in: " + text(paused.reason());
    } else if (event instanceof AcceptingResumed resumed) {
      return name + " takes clients in again, after: " + text(resumed.reason());
    } else if (event instanceof Draining) {
      return name + " drains: it takes nobody in any more";
    } else if (event instanceof Stopped stopped) {
      return name + " has stopped; connections cut: " + stopped.cut();
    }
    return name + ": " + event;
  }

  static String text(PauseReason reason) {
    return switch (reason) {
      case NO_DESCRIPTOR -> "no file descriptor is left";
      case ACCEPT_RATE -> "as many clients came as may in a second";
      case MAX_CONNECTIONS -> "as many clients are connected as may be";
    };
  }

  /** How a listener stands after an event. */
  static ListenerState state(ListenerState before, ProxyEvent event) {
    if (event instanceof Listening) {
      return ListenerState.LISTENING;
    } else if (event instanceof AcceptingPaused paused) {
      return before.with(paused.reason(), true);
    } else if (event instanceof AcceptingResumed resumed) {
      return before.with(resumed.reason(), false);
    } else if (event instanceof Draining) {
      return new ListenerState("draining", Set.of());
    } else if (event instanceof Stopped) {
      return new ListenerState("stopped", Set.of());
    }
    return before;
  }
}
