package io.evenkeel.server.admin;

import io.micrometer.core.instrument.Tags;
import io.prometheus.metrics.model.snapshots.Labels;
import org.jspecify.annotations.Nullable;

/**
 * The labels of time series. Equal if all of them are. One is made for each server and serves
 * dozens of families, so what they look like to others is made once. By one thread at a time.
 */
final class Series {

  static final Series NONE = new Series(Tags.empty());

  private final Tags tags;
  private @Nullable Labels labels;

  private Series(Tags tags) {
    this.tags = tags;
  }

  /** These labels and one more. */
  Series with(String name, String value) {
    return new Series(tags.and(name, value));
  }

  Tags tags() {
    return tags;
  }

  Labels labels() {
    Labels made = labels;
    if (made == null) {
      Labels.Builder builder = Labels.builder();
      tags.forEach(tag -> builder.label(tag.getKey(), tag.getValue()));
      made = builder.build();
      labels = made;
    }
    return made;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Series that && tags.equals(that.tags);
  }

  @Override
  public int hashCode() {
    return tags.hashCode();
  }

  @Override
  public String toString() {
    return tags.toString();
  }
}
