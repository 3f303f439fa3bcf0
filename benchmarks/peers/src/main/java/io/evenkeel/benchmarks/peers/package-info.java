/** What the peers cost, driven as near to a pick as their own classes allow. */
@NullMarked
package io.evenkeel.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
