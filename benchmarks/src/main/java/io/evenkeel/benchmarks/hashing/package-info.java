/**
 * How even the selectors that go by keys are, and what moves when a server leaves. Begin reading at
 * {@code HashQuality}.
 */
@NullMarked
package io.evenkeel.benchmarks.hashing;

import org.jspecify.annotations.NullMarked;
