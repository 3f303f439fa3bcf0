package io.evenkeel.core;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Asks DNS servers one question at a time, on the thread that wants to know. */
final class DnsClient implements Closeable {

  /** How often each server is asked before there is no answer; a datagram may be lost. */
  private static final int ROUNDS = 2;

  /** What fits any path without fragments, as DNS servers' authors have agreed (flag day 2020). */
  private static final int UDP_PAYLOAD = 1_232;

  /** How many aliases (CNAME) in a row are followed. */
  private static final int ALIASES = 16;

  /**
   * An answer.
   *
   * @param records of the type that was asked for; none where there are none
   * @param additional what came with it unasked
   * @param ttlSeconds of the shortest-lived; for none, how long that may be relied on (RFC 2308)
   */
  record Found(List<Record> records, List<Record> additional, long ttlSeconds) {}

  private final DnsSockets sockets = new DnsSockets();
  private final List<InetSocketAddress> servers;
  private final DnsSource.Settings settings;

  DnsClient(DnsSource.Settings settings) {
    this.settings = settings;
    List<InetSocketAddress> addresses = settings.resolvers;
    if (addresses.isEmpty()) {
      addresses = ResolverConfig.getCurrentConfig().servers();
    }
    if (addresses.isEmpty()) {
      throw new IllegalStateException("no DNS server is set up on this machine: use withResolver");
    }
    this.servers = addresses;
  }

  /**
   * What there is under a name, its aliases followed.
   *
   * @throws IOException if no server gave an answer, or its aliases do not end; a {@link
   *     SocketTimeoutException} if one was silent for all of its time
   */
  Found find(Name question, int type) throws IOException {
    Name name = question;
    Set<Name> names = new HashSet<>(Set.of(question));
    long ttl = Long.MAX_VALUE;
    while (true) {
      Message answer = ask(name, type);
      Name before = name;
      List<Record> all = answer.getSection(Section.ANSWER);
      CNAMERecord alias;
      while ((alias = alias(all, name)) != null) {
        name = alias.getTarget();
        ttl = Math.min(ttl, alias.getTTL());
        if (!names.add(name)) {
          throw new IOException(what(question, type) + ": aliases in a circle");
        }
        if (names.size() > ALIASES + 1) {
          throw new IOException(
              what(question, type) + ": more than " + ALIASES + " aliases in a row");
        }
      }
      List<Record> found = new ArrayList<>();
      for (Record each : all) {
        if (each.getType() == type && each.getName().equals(name)) {
          found.add(each);
          ttl = Math.min(ttl, each.getTTL());
        }
      }
      // An alias that leads out of the answer: not every server looks on by itself.
      boolean leadsOn = !name.equals(before) && answer.getRcode() == Rcode.NOERROR;
      if (!found.isEmpty() || !leadsOn || saysThereIsNone(answer)) {
        long until = found.isEmpty() ? Math.min(ttl, ttlOfNone(answer)) : ttl;
        return new Found(found, answer.getSection(Section.ADDITIONAL), until);
      }
    }
  }

  private static @Nullable CNAMERecord alias(List<Record> records, Name name) {
    for (Record each : records) {
      if (each instanceof CNAMERecord alias && each.getName().equals(name)) {
        return alias;
      }
    }
    return null;
  }

  private Message ask(Name name, int type) throws IOException {
    IOException last = new IOException("no server");
    boolean silent = false;
    for (int round = 0; round < ROUNDS; round++) {
      for (InetSocketAddress server : servers) {
        if (sockets.isClosed()) {
          throw new IOException("closed");
        }
        try {
          return ask(server, name, type);
        } catch (IOException e) {
          last = new IOException(what(name, type) + ": " + server + ": " + why(e), e);
          silent |= e instanceof SocketTimeoutException;
        }
      }
    }
    if (silent) {
      IOException timeout = new SocketTimeoutException(last.getMessage());
      timeout.initCause(last.getCause());
      throw timeout;
    }
    throw last;
  }

  private Message ask(InetSocketAddress server, Name name, int type) throws IOException {
    Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
    query.addRecord(new OPTRecord(UDP_PAYLOAD, 0, 0), Section.ADDITIONAL);
    byte[] wire = query.toWire();
    Record asked = query.getQuestion();
    Message answer =
        new Message(
            sockets.askByUdp(server, wire, data -> isForOthers(data, asked), settings.timeout));
    if (answer.getHeader().getFlag(Flags.TC)) {
      answer = new Message(sockets.askByTcp(server, wire, settings.timeout));
    }
    int rcode = answer.getRcode();
    if (rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN) {
      throw new IOException(Rcode.string(rcode));
    }
    if (answer.getHeader().getID() != query.getHeader().getID()
        || !answer.getHeader().getFlag(Flags.QR)
        || !query.getQuestion().equals(answer.getQuestion())) {
      throw new IOException("answers another question");
    }
    if (isReferral(answer)) {
      throw new IOException("sends us elsewhere (expected: a server that looks names up)");
    }
    return answer;
  }

  /** Garbage and what names no question, as some complaints do, are taken for our answer. */
  private static boolean isForOthers(byte[] data, Record asked) {
    try {
      Record question = new Message(data).getQuestion();
      return question != null && !question.equals(asked);
    } catch (IOException e) {
      return false;
    }
  }

  /** "Ask those": an empty answer of a server that does not know and does not look. */
  private static boolean isReferral(Message answer) {
    return answer.getRcode() == Rcode.NOERROR
        && answer.getSection(Section.ANSWER).isEmpty()
        && !answer.getHeader().getFlag(Flags.AA)
        && answer.getSection(Section.AUTHORITY).stream().anyMatch(r -> r.getType() == Type.NS)
        && !saysThereIsNone(answer);
  }

  private static boolean saysThereIsNone(Message answer) {
    return answer.getSection(Section.AUTHORITY).stream().anyMatch(SOARecord.class::isInstance);
  }

  private static long ttlOfNone(Message answer) {
    for (Record each : answer.getSection(Section.AUTHORITY)) {
      if (each instanceof SOARecord soa) {
        return Math.min(soa.getTTL(), soa.getMinimum());
      }
    }
    return 0;
  }

  private String why(IOException e) {
    String message = e.getMessage();
    if (e instanceof SocketTimeoutException) {
      return "no answer within " + settings.timeout.toMillis() + " ms";
    }
    return message == null ? e.getClass().getSimpleName() : message;
  }

  static String what(Name name, int type) {
    return name.toString(true) + " " + Type.string(type);
  }

  @Override
  public void close() throws IOException {
    sockets.close();
  }
}
