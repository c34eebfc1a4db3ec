/** The one of `names` that is nearest to `name`, where few letters make the difference; else null. */
export function similarName(name: string, names: readonly string[]): string | null {
  // Longer words are no slips of the finger, and comparing them takes the product of their lengths.
  if (name.length > 40) return null;
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const each of names) {
    const edits = editsBetween(name, each);
    if (edits < fewest) [best, fewest] = [each, edits];
  }
  return best;
}

/** Letters to add, drop or change (Levenshtein). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same));
    }
    row = next;
  }
  return row[b.length]!;
}
