package io.evenkeel.benchmarks.proxy;

/**
 * One measurement.
 *
 * @param date of the day, as 2026-11-21
 * @param java the version that ran Evenkeel
 */
record Cell(String date, String java, Scenario scenario, Contender contender, int round) {}
