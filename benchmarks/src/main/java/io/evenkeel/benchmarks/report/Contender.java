package io.evenkeel.benchmarks.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is measured.
 *
 * @param name unique, as the table has it
 * @param ours whether it is Evenkeel's
 * @param like the selectors that it is, or is like, by name; the first is where it is run
 * @param work what is timed
 * @param benchmark the JMH benchmark, by class and method
 * @param selector the benchmark's parameter of that name, if it has one
 */
record Contender(
    String name,
    boolean ours,
    List<String> like,
    Work work,
    String benchmark,
    @Nullable String selector) {}
