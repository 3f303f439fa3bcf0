package io.evenkeel.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A key's hash is that which others find, and goes along with retries. */
class QueryTest {

  /** From xxHash's own command line tool: {@code xxhsum -H64}. */
  @ParameterizedTest
  @CsvSource({
    "'',ef46db3751d8e999",
    "a,d24ec4f1a98c6e5b",
    "abc,44bc2cf5ad770999",
    "'Nobody inspects the spammish repetition',fbcea83c8a378bf1",
  })
  void text_hasTheHashThatXxhsumPrints(String key, String hash) {
    assertThat(Query.forKey(key).keyHash()).isEqualTo(Long.parseUnsignedLong(hash, 16));
  }

  @Property
  void text_hasTheHashOfItsUtf8Bytes(@ForAll String key) {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    assertThat(Query.forKey(key).keyHash()).isEqualTo(Query.forKey(bytes).keyHash());
    assertThat(Query.forKey(CharBuffer.wrap(key)).keyHash())
        .isEqualTo(Query.forKey(bytes).keyHash());
  }

  @Test
  void retry_keepsTheKey() {
    Node node = new Node(Servers.server(0));
    Query retry = Query.forHash(42).excluding(node);
    assertThat(retry.hasKey()).isTrue();
    assertThat(retry.keyHash()).isEqualTo(42);
    assertThat(retry.isTried(node)).isTrue();
    assertThat(Query.any().hasKey()).isFalse();
    assertThat(Query.any().keyHash()).isZero();
  }

  @Test
  void manyExcludedAtOnce_areTried_eachCountedOnce() {
    List<Node> nodes = IntStream.range(0, 5).mapToObj(i -> new Node(Servers.server(i))).toList();
    Query one = Query.forHash(42).excluding(nodes.get(0));
    Query many = one.excluding(nodes.subList(0, 3)).excluding(nodes.subList(1, 4));
    assertThat(many.keyHash()).isEqualTo(42);
    assertThat(nodes).filteredOn(many::isTried).isEqualTo(nodes.subList(0, 4));
    assertThat(many.triedCount()).isEqualTo(4);
    assertThat(many.excluding(nodes.get(4)).triedCount()).isEqualTo(5);
    assertThat(nodes).allMatch(many.excluding(nodes.get(4))::isTried);
    assertThat(one.triedCount()).as("a query does not change").isEqualTo(1);
    assertThat(many.excluding(List.of())).isSameAs(many);
  }
}
