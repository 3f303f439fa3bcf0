package io.evenkeel.server.admin;

/**
 * All time series of one name.
 *
 * @param name as Prometheus has it, without a unit and without {@code _total}
 * @param unit {@code seconds}, {@code bytes}, or empty
 * @param help a sentence, for people
 */
record Family(String name, Kind kind, String unit, String help) {

  enum Kind {
    COUNTER,
    GAUGE,
    TIMES
  }

  static Family counter(String name, String help) {
    return new Family(name, Kind.COUNTER, "", help);
  }

  static Family bytes(String name, String help) {
    return new Family(name, Kind.COUNTER, "bytes", help);
  }

  static Family gauge(String name, String help) {
    return new Family(name, Kind.GAUGE, "", help);
  }

  static Family seconds(String name, String help) {
    return new Family(name, Kind.GAUGE, "seconds", help);
  }

  static Family times(String name, String help) {
    return new Family(name, Kind.TIMES, "seconds", help);
  }

  /** With the unit, unless the name ends with it; without {@code _total}. */
  String fullName() {
    return unit.isEmpty() || name.endsWith("_" + unit) ? name : name + "_" + unit;
  }

  /** As Micrometer has it: its registries add units and suffixes. */
  String meterName() {
    return name.replace('_', '.');
  }
}
