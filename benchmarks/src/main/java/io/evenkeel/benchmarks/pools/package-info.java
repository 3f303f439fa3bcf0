/** What a borrowed connection costs, beside other pools. */
@NullMarked
package io.evenkeel.benchmarks.pools;

import org.jspecify.annotations.NullMarked;
