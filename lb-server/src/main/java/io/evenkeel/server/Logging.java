package io.evenkeel.server;

/**
 * Sets up slf4j-simple for the program: to standard error, with date and time. By system
 * properties, because this module is a library too and a properties file on the class path would
 * set up its users' logging; what the user has set with {@code -D} stays.
 */
final class Logging {

  private static final String PREFIX = "org.slf4j.simpleLogger.";

  private Logging() {}

  /** Before the first logger is made: slf4j-simple reads its settings once. */
  static void configure(String level) {
    set("logFile", "System.err");
    set("defaultLogLevel", level);
    set("log.io.evenkeel.proxy.access", "warn"); // a line for each client, to be asked for
    set("log.org.eclipse.jetty", "error"); // its warnings are of what strangers send
    set("showDateTime", "true");
    set("dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
    set("showThreadName", "false");
    set("showShortLogName", "true");
  }

  private static void set(String key, String value) {
    if (System.getProperty(PREFIX + key) == null) {
      System.setProperty(PREFIX + key, value);
    }
  }
}
