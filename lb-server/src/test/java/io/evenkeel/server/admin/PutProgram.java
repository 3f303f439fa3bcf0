package io.evenkeel.server.admin;

import java.io.IOException;
import java.util.List;
import java.util.function.Predicate;

/** A program that does something when a configuration is put, and has nothing to say else. */
final class PutProgram implements ConfigControl {
  private final Put put;

  interface Put {
    void isDone() throws Exception;
  }

  PutProgram(Put put) {
    this.put = put;
  }

  @Override
  public String json() {
    return "{}";
  }

  @Override
  public List<String> replace(String json, Predicate<String> mayReplace, String who)
      throws IOException {
    try {
      put.isDone();
      return List.of("moved");
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  @Override
  public List<String> reload(String who) {
    return List.of();
  }

  @Override
  public void changed(String balancer, String who) {}

  @Override
  public void shutdown(String who) {}
}
