package io.evenkeel.benchmarks.pools;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Borrow and give back, pool of ten; {@link PoolCompare} runs it with 1, 2, 8 and 64 threads. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PoolBenchmark {

  /** Whose pool. */
  @Param({"evenkeel", "hikari", "stormpot", "vibur", "commons-pool2", "reactor-pool"})
  public String pool = "evenkeel";

  private Contestant contestant =
      new Contestant() {
        @Override
        public Object borrow() {
          return this;
        }

        @Override
        public void giveBack(Object borrowed) {}
      };

  /** Fills the pool. */
  @Setup
  public void setUp() throws Exception {
    contestant = Contestants.named(pool);
  }

  /** Takes one and gives it back at once. */
  @Benchmark
  public void borrowAndGiveBack() throws Exception {
    contestant.giveBack(contestant.borrow());
  }
}
