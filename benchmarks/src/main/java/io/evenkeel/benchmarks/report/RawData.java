package io.evenkeel.benchmarks.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Every sample as JSON, for those who trust no median. */
final class RawData {

  private RawData() {}

  static String of(Results results, List<String> heading) {
    String about = heading.stream().map(RawData::quoted).collect(Collectors.joining(",\n    "));
    String samples =
        results.samples().stream().map(RawData::sample).collect(Collectors.joining(",\n    "));
    return "{\n  \"about\": [\n    %s\n  ],\n  \"samples\": [\n    %s\n  ]\n}\n"
        .formatted(about, samples);
  }

  private static String sample(Sample sample) {
    Cell cell = sample.cell();
    return String.format(
        Locale.ROOT,
        "{\"contender\": %s, \"work\": %s, \"servers\": %d, \"threads\": %d, \"round\": %d,"
            + " \"nanos\": %.3f, \"bytes\": %.3f}",
        quoted(cell.contender().name()),
        quoted(cell.contender().work().title()),
        cell.servers(),
        cell.threads(),
        sample.round(),
        sample.nanos(),
        sample.bytes());
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
