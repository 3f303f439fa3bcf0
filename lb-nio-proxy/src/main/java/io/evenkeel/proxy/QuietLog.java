package io.evenkeel.proxy;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A logger that never throws. What the user logs with may, and at the worst time: an appender that
 * cannot open its next file or load one more class, because no descriptor is left. A line of the
 * log is lost then, and nothing else: no socket, no count, no loop. So this is what the proxy logs
 * with, everywhere.
 */
final class QuietLog {

  private final Logger logger;

  QuietLog(Class<?> owner) {
    this(owner.getName());
  }

  QuietLog(String name) {
    logger = LoggerFactory.getLogger(name);
  }

  boolean isInfoEnabled() {
    try {
      return logger.isInfoEnabled();
    } catch (Throwable unsaid) {
      return false;
    }
  }

  void debug(String format, @Nullable Object... arguments) {
    try {
      logger.debug(format, arguments);
    } catch (Throwable unsaid) {
      // there is nobody to tell
    }
  }

  void info(String format, @Nullable Object... arguments) {
    try {
      logger.info(format, arguments);
    } catch (Throwable unsaid) {
      // there is nobody to tell
    }
  }

  void warn(String format, @Nullable Object... arguments) {
    try {
      logger.warn(format, arguments);
    } catch (Throwable unsaid) {
      // there is nobody to tell
    }
  }

  void error(String format, @Nullable Object... arguments) {
    try {
      logger.error(format, arguments);
    } catch (Throwable unsaid) {
      // there is nobody to tell
    }
  }
}
