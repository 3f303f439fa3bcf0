package io.evenkeel.benchmarks.report;

/**
 * One contender under one load.
 *
 * @param contender who
 * @param servers how many servers there are
 * @param threads how many threads pick at once
 */
record Cell(Contender contender, int servers, int threads) {}
