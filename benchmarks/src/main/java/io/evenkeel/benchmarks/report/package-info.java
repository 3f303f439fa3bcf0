/** The comparison of picks: which contenders there are, how they are run, and what is written. */
@NullMarked
package io.evenkeel.benchmarks.report;

import org.jspecify.annotations.NullMarked;
