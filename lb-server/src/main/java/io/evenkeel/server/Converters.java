package io.evenkeel.server;

import io.evenkeel.core.HostPort;
import io.evenkeel.core.Selectors;
import io.evenkeel.core.Server;
import io.evenkeel.server.config.Durations;
import java.time.Duration;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** From what is written to what is meant, one converter for each kind of option. */
final class Converters {

  private Converters() {}

  static final class OfServer implements ITypeConverter<Server> {
    @Override
    public Server convert(String text) {
      return convertBy(Server::parse, text);
    }
  }

  static final class OfListenAddress implements ITypeConverter<HostPort> {
    @Override
    public HostPort convert(String text) {
      try {
        return HostPort.parse(text, 0);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            "'"
                + text
                + "': "
                + e.getMessage()
                + " (expected: HOST:PORT, as 127.0.0.1:9000 or [::1]:9000; port 0 takes a free one)");
      }
    }
  }

  /** Where something is to be reached: port 0 is no place. */
  static final class OfServerAddress implements ITypeConverter<HostPort> {
    @Override
    public HostPort convert(String text) {
      try {
        return HostPort.parse(text, 1);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            "'" + text + "': " + e.getMessage() + " (expected: HOST:PORT, IPv6 as in [::1]:80)");
      }
    }
  }

  /** A selector's name. */
  static final class OfSelector implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (!Selectors.names().contains(text)) {
        throw new TypeConversionException(
            "'" + text + "' (expected: " + String.join(", ", Selectors.names()) + ")");
      }
      return text;
    }
  }

  /** Any duration, 0 too. */
  static class OfDuration implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return convertBy(Durations::parse, text);
    }
  }

  /** A duration that 0 is no value for. */
  static final class OfPositiveDuration extends OfDuration {
    @Override
    public Duration convert(String text) {
      Duration duration = super.convert(text);
      if (duration.isZero()) {
        throw new TypeConversionException(
            "'" + text + "' (expected: more than 0, such as 500ms, 5s, 2m or 1h)");
      }
      return duration;
    }
  }

  /** How many: 1 to 1,000. */
  static final class OfCount implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return convertCount(text, 1);
    }
  }

  /** How many, or none: 0 to 1,000. */
  static final class OfCountOrNone implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return convertCount(text, 0);
    }
  }

  private static int convertCount(String text, int least) {
    if (text.matches("\\d{1,9}")) {
      int n = Integer.parseInt(text);
      if (n >= least && n <= 1_000) {
        return n;
      }
    }
    throw new TypeConversionException(
        "'" + text + "' (expected: a whole number, " + least + " to 1000)");
  }

  private static <T> T convertBy(Function<String, T> parser, String text) {
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
