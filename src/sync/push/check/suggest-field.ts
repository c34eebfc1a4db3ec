import type { Field } from '../../ports/field.ts';

/**
 * ` (did you mean Phone, labelled "Business Phone"? …)` where a field is labelled as the column is named, or its
 * name is at most two edits away; else nothing.
 */
export function suggestField(name: string, fields: readonly Field[]): string {
  const wanted = name.trim().toLowerCase();
  const labelled = labelledAs(wanted, fields);
  if (labelled !== undefined) {
    return ` (did you mean ${labelled.name}, labelled "${labelled.label}"? Use --map '${name}=${labelled.name}')`;
  }
  let best: { name: string; distance: number } | null = null;
  const bare = bareName(wanted);
  for (const field of fields) {
    const own = field.name.toLowerCase();
    const distance = isSpelt(own, bare) ? 0 : editDistance(wanted, own);
    // Two edits make any name out of one as short as Id.
    if (
      distance <= 2 &&
      distance * 2 < Math.max(own.length, 1) &&
      (best === null || distance < best.distance)
    )
      best = { name: field.name, distance };
  }
  if (best === null) return '';
  return /\s/.test(name.trim())
    ? ` (did you mean ${best.name}? Use --map '${name}=${best.name}')`
    : ` (did you mean ${best.name}?)`;
}

/** The field whose label or name the column has but for case, blanks and underscores; null where none is sure. */
export function meantField(name: string, fields: readonly Field[]): string | null {
  const wanted = name.trim().toLowerCase();
  const bare = bareName(wanted);
  const meant = labelledAs(wanted, fields) ?? fields.find((field) => isSpelt(field.name.toLowerCase(), bare));
  return meant?.name ?? null;
}

function labelledAs(wanted: string, fields: readonly Field[]): Field | undefined {
  return fields.find(({ label }) => label.trim().toLowerCase() === wanted);
}

function bareName(wanted: string): string {
  return wanted.replace(/[\s_-]/g, '');
}

function isSpelt(own: string, bare: string): boolean {
  return own === bare || own.replace(/__c$/, '').replace(/_/g, '') === bare;
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
