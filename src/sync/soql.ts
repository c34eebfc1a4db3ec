/** A span of CreatedDate: from `lower` (inclusive) to `upper` (exclusive), ISO; null leaves that end open. */
export interface CreatedSpan {
  lower: string | null;
  upper: string | null;
}

/**
 * A SOQL datetime literal. Milliseconds are written only where there are some: Salesforce's own stamps have
 * none, and dropping them where an org has them would page in a circle.
 */
export function soqlDateTime(iso: string | number): string {
  return new Date(iso).toISOString().replace('.000Z', 'Z');
}

/** A literal text. Source: SOQL and SOSL Reference, "Quoted String Escape Sequences". */
export function soqlString(text: string): string {
  const escaped = text
    .replace(/[\\']/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t');
  return `'${escaped}'`;
}

export function spanConditions({ lower, upper }: CreatedSpan): string[] {
  const conditions: string[] = [];
  if (lower !== null) conditions.push(`CreatedDate >= ${soqlDateTime(lower)}`);
  if (upper !== null) conditions.push(`CreatedDate < ${soqlDateTime(upper)}`);
  return conditions;
}

export function select(
  object: string,
  fields: readonly string[],
  conditions: readonly string[],
  tail = '',
): string {
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  return `SELECT ${fields.join(',')} FROM ${object}${where}${tail}`;
}

/**
 * One page of a span in the order of (stampField, Id), after a key. Equal stamps over a page's edge are
 * neither skipped nor read twice, and no query cursor is held between pages, so none can be evicted.
 */
export function selectKeyPage(
  object: string,
  fields: readonly string[],
  conditions: readonly string[],
  stampField: 'CreatedDate' | 'SystemModstamp',
  after: { stamp: string; id: string } | null,
  limit: number,
): string {
  const all = [...conditions];
  if (after !== null) {
    const stamp = soqlDateTime(after.stamp);
    all.push(`(${stampField} > ${stamp} OR (${stampField} = ${stamp} AND Id > ${soqlString(after.id)}))`);
  }
  return select(object, fields, all, ` ORDER BY ${stampField}, Id LIMIT ${limit}`);
}
