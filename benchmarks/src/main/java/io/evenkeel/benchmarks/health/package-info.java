/** What it costs to watch many servers: {@link io.evenkeel.benchmarks.health.HealthCost}. */
@NullMarked
package io.evenkeel.benchmarks.health;

import org.jspecify.annotations.NullMarked;
