import type { Field } from '../ports/field.ts';

/** ` (did you mean LastName?)` where a field's name is at most two edits away. */
export function suggestField(name: string, fields: Iterable<Field>): string {
  let best: { name: string; distance: number } | null = null;
  for (const field of fields) {
    const distance = editDistance(name.toLowerCase(), field.name.toLowerCase());
    if (distance <= 2 && (best === null || distance < best.distance)) best = { name: field.name, distance };
  }
  return best === null ? '' : ` (did you mean ${best.name}?)`;
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 3;
}
