/**
 * Reusable connections of any type, kept per server. Start at {@link
 * io.evenkeel.pool.ConnectionPool}.
 */
@NullMarked
package io.evenkeel.pool;

import org.jspecify.annotations.NullMarked;
