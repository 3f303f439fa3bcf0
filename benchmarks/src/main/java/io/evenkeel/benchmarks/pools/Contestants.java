package io.evenkeel.benchmarks.pools;

import com.zaxxer.hikari.util.ConcurrentBag;
import io.evenkeel.core.Server;
import io.evenkeel.pool.ConnectionPool;
import io.evenkeel.pool.Connector;
import io.evenkeel.pool.Pooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.pool2.BasePooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericObjectPool;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import org.vibur.objectpool.ConcurrentPool;
import org.vibur.objectpool.PoolObjectFactory;
import org.vibur.objectpool.util.ConcurrentLinkedDequeCollection;
import reactor.core.publisher.Mono;
import reactor.pool.InstrumentedPool;
import reactor.pool.PoolBuilder;
import reactor.pool.PooledRef;
import stormpot.Allocator;
import stormpot.BasePoolable;
import stormpot.Expiration;
import stormpot.Pool;
import stormpot.Slot;
import stormpot.Timeout;

/**
 * Pools as they are published. Where one does more by default than another, it is told not to, in
 * its favour: stormpot neither expires (which would read the clock at each use) nor looks for
 * leaks, commons-pool2 registers no MBean, and of HikariCP only its bag runs. Ours runs with its
 * defaults: it looks up the server, and asks the connector whether the connection is alive.
 */
final class Contestants {

  static final List<String> NAMES =
      List.of("evenkeel", "hikari", "stormpot", "vibur", "commons-pool2", "reactor-pool");

  private static final Duration PATIENCE = Duration.ofSeconds(Contestant.PATIENCE_SECONDS);

  private Contestants() {}

  static Contestant named(String name) throws Exception {
    Contestant contestant =
        switch (name) {
          case "evenkeel" -> new Evenkeel();
          case "hikari" -> new Hikari();
          case "stormpot" -> new Stormpot();
          case "vibur" -> new Vibur();
          case "commons-pool2" -> new Commons();
          case "reactor-pool" -> new Reactor();
          default -> throw new IllegalArgumentException("pool: " + name + " (expected: " + NAMES);
        };
    List<Object> all = new ArrayList<>();
    for (int i = 0; i < Contestant.SIZE; i++) {
      all.add(contestant.borrow());
    }
    for (Object borrowed : all) {
      contestant.giveBack(borrowed);
    }
    return contestant;
  }

  private static final class Evenkeel implements Contestant {
    private final Server server = Server.of("10.0.0.1", 6379);
    private final ConnectionPool<Object> pool =
        ConnectionPool.builder(
                new Connector<Object>() {
                  @Override
                  public Object connect(Server server) {
                    return new Object();
                  }

                  @Override
                  public void close(Object connection) {}
                })
            .maxPerServer(SIZE)
            .build();

    @Override
    public Object borrow() throws InterruptedException {
      return pool.acquire(server, PATIENCE);
    }

    @Override
    public void giveBack(Object borrowed) {
      ((Pooled<?>) borrowed).close();
    }
  }

  private static final class Hikari implements Contestant {
    private static final class Entry implements ConcurrentBag.IConcurrentBagEntry {
      private final AtomicInteger state = new AtomicInteger();

      @Override
      public boolean compareAndSet(int expected, int next) {
        return state.compareAndSet(expected, next);
      }

      @Override
      public void setState(int next) {
        state.set(next);
      }

      @Override
      public int getState() {
        return state.get();
      }
    }

    private final ConcurrentBag<Entry> bag = new ConcurrentBag<>(waiting -> {});

    Hikari() {
      for (int i = 0; i < SIZE; i++) {
        bag.add(new Entry());
      }
    }

    @Override
    public Object borrow() throws Exception {
      Entry entry = bag.borrow(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (entry == null) {
        throw new TimeoutException();
      }
      return entry;
    }

    @Override
    public void giveBack(Object borrowed) {
      bag.requite((Entry) borrowed);
    }
  }

  private static final class Stormpot implements Contestant {
    private static final class Thing extends BasePoolable {
      Thing(Slot slot) {
        super(slot);
      }
    }

    private static final Timeout LIMIT = new Timeout(PATIENCE_SECONDS, TimeUnit.SECONDS);

    private final Pool<Thing> pool =
        Pool.from(
                new Allocator<Thing>() {
                  @Override
                  public Thing allocate(Slot slot) {
                    return new Thing(slot);
                  }

                  @Override
                  public void deallocate(Thing thing) {}
                })
            .setSize(SIZE)
            .setExpiration(Expiration.never())
            .setBackgroundExpirationEnabled(false)
            .setPreciseLeakDetectionEnabled(false)
            .build();

    @Override
    public Object borrow() throws Exception {
      Thing thing = pool.claim(LIMIT);
      if (thing == null) {
        throw new TimeoutException();
      }
      return thing;
    }

    @Override
    public void giveBack(Object borrowed) {
      ((Thing) borrowed).release();
    }
  }

  private static final class Vibur implements Contestant {
    private final ConcurrentPool<Object> pool =
        new ConcurrentPool<>(
            new ConcurrentLinkedDequeCollection<>(),
            new PoolObjectFactory<Object>() {
              @Override
              public Object create() {
                return new Object();
              }

              @Override
              public boolean readyToTake(Object thing) {
                return true;
              }

              @Override
              public boolean readyToRestore(Object thing) {
                return true;
              }

              @Override
              public void destroy(Object thing) {}
            },
            SIZE,
            SIZE,
            false);

    @Override
    public Object borrow() throws Exception {
      Object thing = pool.tryTake(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (thing == null) {
        throw new TimeoutException();
      }
      return thing;
    }

    @Override
    public void giveBack(Object borrowed) {
      pool.restore(borrowed);
    }
  }

  private static final class Commons implements Contestant {
    private final GenericObjectPool<Object> pool;

    Commons() {
      GenericObjectPoolConfig<Object> config = new GenericObjectPoolConfig<>();
      config.setMaxTotal(SIZE);
      config.setMaxIdle(SIZE);
      config.setJmxEnabled(false);
      pool =
          new GenericObjectPool<>(
              new BasePooledObjectFactory<Object>() {
                @Override
                public Object create() {
                  return new Object();
                }

                @Override
                public PooledObject<Object> wrap(Object thing) {
                  return new DefaultPooledObject<>(thing);
                }
              },
              config);
    }

    @Override
    public Object borrow() throws Exception {
      return pool.borrowObject(PATIENCE);
    }

    @Override
    public void giveBack(Object borrowed) {
      pool.returnObject(borrowed);
    }
  }

  private static final class Reactor implements Contestant {
    private final InstrumentedPool<Object> pool =
        PoolBuilder.from(Mono.fromCallable(Object::new)).sizeBetween(SIZE, SIZE).buildPool();

    @Override
    public Object borrow() throws Exception {
      PooledRef<Object> ref = pool.acquire().block(PATIENCE);
      if (ref == null) {
        throw new TimeoutException();
      }
      return ref;
    }

    @Override
    public void giveBack(Object borrowed) {
      ((PooledRef<?>) borrowed).release().block(PATIENCE);
    }
  }
}
