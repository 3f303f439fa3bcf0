package io.evenkeel.server.config;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** What somebody may have meant. */
public final class Spelling {

  private static final int LONGEST = 64;

  private Spelling() {}

  /** The word that is the fewest letters away; null if that is more than a third of them. */
  public static @Nullable String nearest(String written, Collection<String> words) {
    if (written.length() > LONGEST) {
      return null;
    }
    String nearest = null;
    int least = Math.max(1, written.length() / 3) + 1;
    for (String word : words) {
      int distance = distance(written.replace('-', '_').toLowerCase(java.util.Locale.ROOT), word);
      if (distance < least) {
        least = distance;
        nearest = word;
      }
    }
    return nearest;
  }

  /** Letters to be put in, taken out, or changed (Levenshtein), or two neighbours swapped. */
  static int distance(String a, String b) {
    int[][] distance = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          distance[i][j] = i + j;
          continue;
        }
        int changed = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int least =
            Math.min(
                distance[i - 1][j - 1] + changed,
                1 + Math.min(distance[i - 1][j], distance[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          least = Math.min(least, distance[i - 2][j - 2] + 1);
        }
        distance[i][j] = least;
      }
    }
    return distance[a.length()][b.length()];
  }
}
