package io.evenkeel.core;

import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * The hashes of keys that 32-bit rings go by. They allocate nothing for a text of ASCII characters:
 * a thread keeps its MD5 and the digest's 16 bytes, both of them the JDK's own classes, so that a
 * pooled thread holds on to nobody's class loader.
 */
final class RingKeys {

  private static final int MD5_LENGTH = 16;

  private static final ThreadLocal<Map.Entry<MessageDigest, byte[]>> MD5 =
      ThreadLocal.withInitial(() -> Map.entry(md5(), new byte[MD5_LENGTH]));

  private RingKeys() {}

  static int crc32(CharSequence key) {
    if (!isAscii(key)) {
      return crc32(utf8(key));
    }
    CRC32 crc = new CRC32();
    for (int i = 0; i < key.length(); i++) {
      crc.update(key.charAt(i));
    }
    return (int) crc.getValue();
  }

  static int crc32(byte[] key) {
    CRC32 crc = new CRC32();
    crc.update(key);
    return (int) crc.getValue();
  }

  /** The first four bytes, little endian. */
  static int md5(CharSequence key) {
    if (!isAscii(key)) {
      return md5(utf8(key));
    }
    Map.Entry<MessageDigest, byte[]> own = MD5.get();
    own.getKey().reset(); // of a key before, whose characters threw
    for (int i = 0; i < key.length(); i++) {
      own.getKey().update((byte) key.charAt(i));
    }
    return firstOf(own);
  }

  static int md5(byte[] key) {
    Map.Entry<MessageDigest, byte[]> own = MD5.get();
    own.getKey().reset();
    own.getKey().update(key);
    return firstOf(own);
  }

  private static int firstOf(Map.Entry<MessageDigest, byte[]> own) {
    byte[] digest = own.getValue();
    digest(own.getKey(), digest);
    return digest[3] << 24
        | (digest[2] & 0xff) << 16
        | (digest[1] & 0xff) << 8
        | (digest[0] & 0xff);
  }

  /** What was put in since the last time. */
  static void digest(MessageDigest md5, byte[] digest) {
    try {
      md5.digest(digest, 0, MD5_LENGTH);
    } catch (DigestException e) {
      throw new IllegalStateException("MD5 has 16 bytes", e);
    }
  }

  static MessageDigest md5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) { // every Java platform must have it
      throw new IllegalStateException("a platform without MD5 has no placement KETAMA", e);
    }
  }

  private static boolean isAscii(CharSequence key) {
    for (int i = 0; i < key.length(); i++) {
      if (key.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private static byte[] utf8(CharSequence key) {
    return key.toString().getBytes(StandardCharsets.UTF_8);
  }
}
