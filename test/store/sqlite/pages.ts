import type { PageBody } from '../../../src/sync/ports/page.ts';

export type Row = Record<string, string | number | boolean | null>;

export type Blocks = AsyncIterable<Uint8Array<ArrayBuffer>>;

export async function* blocksOf(text: string | Uint8Array, size = 1 << 20): Blocks {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  for (let at = 0; at < bytes.length; at += size) yield new Uint8Array(bytes.slice(at, at + size));
}

/** As Bulk API 2.0 writes it: every value quoted, LF, empty for null. */
export function csvOf(fields: readonly string[], rows: readonly Row[]): string {
  const quoted = (value: unknown) =>
    `"${value === null || value === undefined ? '' : String(value)}"`.replace(/(?<=.)"(?=.)/gs, '""');
  const line = (values: readonly unknown[]) => `${values.map(quoted).join(',')}\n`;
  return line(fields) + rows.map((row) => line(fields.map((name) => row[name]))).join('');
}

export function csvPage(
  fields: readonly string[],
  rows: readonly Row[],
  readAt: number,
  more: Partial<PageBody> = {},
): PageBody {
  return {
    format: 'csv',
    fields,
    readAt,
    expectedRows: rows.length,
    blocks: blocksOf(csvOf(fields, rows)),
    ...more,
  };
}

function record(fields: readonly string[], row: Row): unknown {
  const id = String(row.Id);
  const members = fields.map((name) => [
    name,
    typeof row[name] === 'string' ? jsonTime(row[name]) : (row[name] ?? null),
  ]);
  return {
    attributes: { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/${id}` },
    ...Object.fromEntries(members),
  };
}

/** JSON answers write the offset where CSV has Z. */
function jsonTime(value: string): string {
  return value.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z$/, '$1+0000');
}

export function queryText(fields: readonly string[], rows: readonly Row[], totalSize = rows.length): string {
  const done = totalSize <= rows.length;
  return JSON.stringify({
    totalSize,
    done,
    ...(done ? {} : { nextRecordsUrl: '/services/data/v62.0/query/01gxx-2000' }),
    records: rows.map((row) => record(fields, row)),
  });
}

export function queryPage(
  fields: readonly string[],
  rows: readonly Row[],
  readAt: number,
  { totalSize = rows.length, ...more }: Partial<PageBody> & { totalSize?: number } = {},
): PageBody {
  return {
    format: 'query',
    fields,
    readAt,
    expectedRows: null,
    blocks: blocksOf(queryText(fields, rows, totalSize)),
    ...more,
  };
}

export function collectionPage(
  fields: readonly string[],
  rows: readonly (Row | null)[],
  readAt: number,
  more: Partial<PageBody> = {},
): PageBody {
  const text = JSON.stringify(rows.map((row) => (row === null ? null : record(fields, row))));
  return { format: 'collection', fields, readAt, expectedRows: rows.length, blocks: blocksOf(text), ...more };
}

/** A contact's 18-character id; the checksum is not ours to check. */
export function contactId(n: number): string {
  return `003${n.toString(36).toUpperCase().padStart(12, '0')}AAA`;
}

/** Seconds after 2026-01-01 → SystemModstamp's form. */
export function stampOf(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();
}

export const epoch = Date.UTC(2026, 0, 1);

export function contactRow(n: number, more: Row = {}): Row {
  return {
    Id: contactId(n),
    IsDeleted: false,
    MasterRecordId: null,
    LastName: `Last${n}`,
    FirstName: `First${n}`,
    Email: `c${n}@example.com`,
    Phone: null,
    MailingLatitude: null,
    Birthdate: null,
    DoNotCall: false,
    Visits__c: n,
    CreatedDate: stampOf(n),
    SystemModstamp: stampOf(n),
    ...more,
  };
}
