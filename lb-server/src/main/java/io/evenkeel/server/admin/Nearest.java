package io.evenkeel.server.admin;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** What somebody may have meant. */
final class Nearest {

  private Nearest() {}

  /** The one that takes the fewest edits, three at most, and fewer than its length; or null. */
  static @Nullable String of(String text, Collection<String> known) {
    String nearest = null;
    int least = 4;
    for (String each : known) {
      if (Math.abs(each.length() - text.length()) < least) {
        int edits = edits(text, each);
        if (edits < least && edits < each.length()) {
          nearest = each;
          least = edits;
        }
      }
    }
    return nearest;
  }

  /** Levenshtein's distance. */
  private static int edits(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j - 1], row[j]));
      }
    }
    return row[b.length()];
  }
}
