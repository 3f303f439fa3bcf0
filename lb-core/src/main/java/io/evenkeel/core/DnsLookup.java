package io.evenkeel.core;

import io.evenkeel.core.DnsClient.Found;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * From DNS records to servers. Several questions may stand behind one list, and each keeps its own
 * last answer: where one fails, that is used. Used by one thread at a time.
 */
final class DnsLookup implements Refresher.Question, Closeable {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  /** IPv4 first, then by the bytes. */
  private static final Comparator<InetAddress> ORDER =
      Comparator.comparing(
              InetAddress::getAddress, Comparator.<byte[]>comparingInt(bytes -> bytes.length))
          .thenComparing(InetAddress::getAddress, Arrays::compareUnsigned);

  /** Longer than any bound. */
  private static final long LONGEST_SECONDS = Duration.ofDays(7).toSeconds();

  /** How long a list is relied on that is partly an old one. */
  private static final long PART_SECONDS = 30;

  private record Asked(Name name, int type) {}

  private final DnsSource.Settings settings;
  private final Name name;
  private final DnsClient client;

  /** What the questions behind the last list said. */
  private Map<Asked, Found> known = new HashMap<>();

  /** By SRV target, for the last list; only where addresses are wanted. */
  private Map<Name, InetAddress> addresses = new HashMap<>();

  /** The SRV targets that nobody answered for when they were last asked for, the latest last. */
  private final Set<Name> silent = new LinkedHashSet<>();

  /** The last failure that was told although there was a list. */
  private @Nullable String told;

  DnsLookup(DnsSource.Settings settings) {
    this.settings = settings;
    try {
      this.name = Name.fromString(settings.name, Name.root);
    } catch (TextParseException e) {
      throw new IllegalArgumentException(
          "name: '" + settings.name + "': " + e.getMessage() + " (expected: a DNS name)", e);
    }
    this.client = new DnsClient(settings);
  }

  @Override
  public Refresher.Answer ask() throws IOException {
    Round round = new Round();
    Integer port = settings.port;
    List<Server> servers = port == null ? round.services() : round.addresses(port);
    IOException failure = round.failure;
    boolean isFraction = round.missing > round.chosen.size();
    if (failure != null && (!round.isAnswered || servers.isEmpty() || isFraction)) {
      throw failure;
    }
    known = round.found;
    addresses = round.chosen;
    tellOfPart(failure);
    return new Refresher.Answer(servers, Duration.ofSeconds(round.ttlSeconds()).toNanos());
  }

  /**
   * There is a list, and yet one of its questions had no answer: said once, and when it is over.
   */
  private void tellOfPart(@Nullable IOException failure) {
    String text = failure == null ? null : failure.getMessage();
    if (text != null && !text.equals(told)) {
      log.warn("discovery: {}; what it said last and the rest are in use", text);
    } else if (text == null && told != null) {
      log.info("discovery: all of '{}' is answered again", settings.name);
    }
    told = text;
  }

  @Override
  public void close() throws IOException {
    client.close();
  }

  private static Set<InetAddress> addressesIn(List<Record> records) {
    Set<InetAddress> found = new TreeSet<>(ORDER);
    for (Record each : records) {
      if (each instanceof ARecord four) {
        found.add(four.getAddress());
      } else if (each instanceof AAAARecord six) {
        found.add(six.getAddress());
      }
    }
    return found;
  }

  /** The questions behind one list. */
  private final class Round {
    final Map<Asked, Found> found = new HashMap<>();
    final Map<Name, InetAddress> chosen = new HashMap<>();

    /** The targets of which nothing is known, neither an address nor that there is none. */
    int missing;

    boolean isAnswered;
    @Nullable IOException failure;
    private boolean isTimedOut;
    private boolean asksNoMore;
    private long ttlOfSome = Long.MAX_VALUE;
    private long ttlOfNone = Long.MAX_VALUE;

    /** As long as every record lives; where there is none, as long as that is known. */
    long ttlSeconds() {
      long ttl = ttlOfSome < Long.MAX_VALUE ? ttlOfSome : ttlOfNone;
      return Math.min(ttl, failure == null ? LONGEST_SECONDS : PART_SECONDS);
    }

    List<Server> addresses(int port) {
      Set<InetAddress> all = new TreeSet<>(ORDER);
      for (int type : new int[] {Type.A, Type.AAAA}) {
        Found answer = find(name, type);
        if (answer != null) {
          all.addAll(addressesIn(answer.records()));
        }
      }
      return all.stream().map(address -> Server.of(address.getHostAddress(), port)).toList();
    }

    List<Server> services() throws IOException {
      Found answer = client.find(name, Type.SRV);
      isAnswered = true;
      rely(answer);
      List<SRVRecord> records = new ArrayList<>();
      for (Record each : answer.records()) {
        if (each instanceof SRVRecord service && !service.getTarget().equals(Name.root)) {
          records.add(service);
        }
      }
      records.sort(
          Comparator.comparingInt(SRVRecord::getPriority)
              .thenComparing(SRVRecord::getWeight, Comparator.reverseOrder()));
      if (settings.targetAddresses) {
        choose(records, answer.additional());
      }
      Map<String, Server> servers = new LinkedHashMap<>();
      int tier = -1;
      int priority = -1;
      for (SRVRecord each : records) {
        if (each.getPriority() != priority) {
          priority = each.getPriority();
          tier++;
        }
        Server server = server(each);
        if (server != null) {
          // RFC 2782: 0 has a chance of 1 in (sum of the others + 1), as a weight of 1 has here.
          int weight = Math.max(1, each.getWeight());
          servers.putIfAbsent(server.id(), server.withTier(tier).withWeight(weight));
        }
      }
      return List.copyOf(servers.values());
    }

    private @Nullable Server server(SRVRecord service) {
      String host = service.getTarget().toString(true).toLowerCase(Locale.ROOT);
      Server named = Server.of(host, service.getPort());
      if (!settings.targetAddresses) {
        return named;
      }
      InetAddress address = chosen.get(service.getTarget());
      return address == null
          ? null
          : Server.of(address.getHostAddress(), service.getPort()).withId(named.id());
    }

    /**
     * The targets' addresses. After the first silence nothing more is asked in this round: a
     * resolver that is down would be waited for once for each target. Who was silent comes last the
     * next time, and so stands in nobody's way.
     */
    private void choose(List<SRVRecord> services, List<Record> additional) {
      Set<Name> targets = new LinkedHashSet<>();
      services.forEach(each -> targets.add(each.getTarget()));
      silent.retainAll(targets);
      List<Name> order = new ArrayList<>(targets);
      order.removeAll(silent);
      order.addAll(silent);
      for (Name target : order) {
        InetAddress address = addressOf(target, additional);
        if (address != null) {
          chosen.put(target, address);
        }
        if (!asksNoMore) {
          boolean unused = silent.remove(target);
          if (isTimedOut) {
            unused = silent.add(target);
            asksNoMore = true;
          }
        }
      }
    }

    private @Nullable InetAddress addressOf(Name target, List<Record> additional) {
      InetAddress before = addresses.get(target);
      List<Record> own = additional.stream().filter(r -> r.getName().equals(target)).toList();
      Set<InetAddress> all = addressesIn(own);
      for (Record each : own) {
        ttlOfSome = Math.min(ttlOfSome, each.getTTL());
      }
      boolean isKnown = true;
      for (int type : new int[] {Type.A, Type.AAAA}) {
        if (all.isEmpty()) {
          Found answer = find(target, type);
          if (answer == null) {
            isKnown = false;
          } else {
            all = addressesIn(answer.records());
          }
        }
      }
      if (all.isEmpty() && !isKnown) {
        missing += before == null ? 1 : 0;
        return before;
      }
      if (before != null && all.contains(before)) {
        return before;
      }
      return all.isEmpty() ? null : all.iterator().next();
    }

    /**
     * What is under a name; where that fails or is not asked for any more, what was; null where
     * nothing was either. To be asked once for each.
     */
    private @Nullable Found find(Name host, int type) {
      Asked asked = new Asked(host, type);
      Found answer = null;
      if (!asksNoMore) {
        try {
          answer = client.find(host, type);
          isAnswered = true;
          rely(answer);
        } catch (IOException e) {
          failure = e;
          isTimedOut |= e instanceof SocketTimeoutException;
        }
      }
      if (answer == null) {
        answer = known.get(asked);
      }
      if (answer != null) {
        found.put(asked, answer);
      }
      return answer;
    }

    private void rely(Found answer) {
      if (answer.records().isEmpty()) {
        ttlOfNone = Math.min(ttlOfNone, answer.ttlSeconds());
      } else {
        ttlOfSome = Math.min(ttlOfSome, answer.ttlSeconds());
      }
    }
  }
}
