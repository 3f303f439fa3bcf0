package io.evenkeel.benchmarks.report;

/**
 * What one fork of one round measured.
 *
 * @param round counted from 1
 * @param nanos per operation, the median over the fork's iterations
 * @param bytes allocated per operation
 */
record Sample(Cell cell, int round, double nanos, double bytes) {}
