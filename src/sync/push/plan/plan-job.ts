import type { SyncContext } from '../../context.ts';
import type { IngestOperation } from '../../ports/ingest-jobs.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { bulkCells } from '../entry/bulk-row.ts';
import { contactNames } from '../entry/contact-names.ts';
import { isMadeAgain } from '../entry/is-made-again.ts';
import type { BehindLost } from './behind-lost.ts';

/** Salesforce takes 150 MB, which it counts as base64. Source: Bulk API 2.0 Developer Guide, "Limits". */
const jobBytes = 100_000_000;
const entriesPerPage = 2_000;

export interface PlannedJob {
  operation: IngestOperation;
  upsertField: string | null;
  columns: string[];
  /** In the order that they are sent. */
  keys: string[];
}

interface Kind extends PlannedJob {
  /** Fewer are not worth a job. */
  fewestRows: number;
  names: Set<string>;
  rows: { key: string; account: string }[];
  bytes: number;
}

const openStates = ['pending', 'sent', 'in-doubt', 'held', 'conflict'] as const;

/**
 * The next job that is worth it: waiting entries of one kind, as many as one takes, each the first of what is open of its
 * contact, so that no job names a contact twice and nothing is overtaken. Null where fewer than `ingestFromRows` are so
 * and a person asks for no job. Those of one account stand together: they lock its row, and Salesforce works off neighbours in one go.
 */
export async function planJob(
  context: Pick<SyncContext, 'mirror' | 'sizes'>,
  entries: Pick<Outbox, 'list'>,
  behindLost: BehindLost,
): Promise<PlannedJob | null> {
  const { sizes } = context;
  const kinds = new Map<string, Kind>();
  const seen = new Set(behindLost.names());
  for (let after = -1; ; ) {
    const page = await entries.list({ states: openStates, after, limit: entriesPerPage });
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.seq;
    const namesOf = await contactNames(context, page);
    for (const entry of page) {
      const names = namesOf(entry);
      const isFirst = names.every((name) => !seen.has(name));
      for (const name of names) seen.add(name);
      if (!isFirst || !mayGoByJob(entry)) continue;
      const cells = bulkCells(entry);
      if (cells !== null) add(kinds, entry, cells, sizes);
    }
    if ([...kinds.values()].some((kind) => isFull(kind, sizes.ingestJobRows))) break;
  }
  const [largest] = [...kinds.values()]
    .filter(({ rows, fewestRows }) => rows.length >= fewestRows)
    .toSorted((a, b) => b.rows.length - a.rows.length);
  if (largest === undefined) return null;
  const { operation, upsertField, names, rows } = largest;
  rows.sort((a, b) => (a.account < b.account ? -1 : a.account > b.account ? 1 : 0));
  return { operation, upsertField, columns: [...names], keys: rows.map(({ key }) => key) };
}

/**
 * What goes out alone or not at all, what a rule may refuse unless told, what may change while it waits, and what is asked for
 * right before it leaves, does not.
 */
export function mayGoByJob(entry: OutboxEntry): boolean {
  const { state, sentAt, local, base, atomicGroup, allowDuplicates, api } = entry;
  return (
    state === 'pending' &&
    sentAt === null &&
    !local &&
    base === null &&
    atomicGroup === null &&
    !allowDuplicates &&
    api !== 'collections' &&
    !isMadeAgain(entry)
  );
}

export function operationOf({ op, upsertField }: Pick<OutboxEntry, 'op' | 'upsertField'>): IngestOperation {
  if (op !== 'create') return op;
  return upsertField === null ? 'insert' : 'upsert';
}

function add(
  kinds: Map<string, Kind>,
  entry: OutboxEntry,
  cells: Readonly<Record<string, string>>,
  { ingestFromRows, ingestJobRows }: SyncContext['sizes'],
): void {
  const operation = operationOf(entry);
  const name = [operation, entry.upsertField ?? '', entry.api ?? ''].join(' ');
  const kind = kinds.get(name) ?? {
    operation,
    upsertField: entry.upsertField,
    columns: [],
    keys: [],
    fewestRows: entry.api === 'bulk' ? 1 : ingestFromRows,
    names: new Set(),
    rows: [],
    bytes: 0,
  };
  kinds.set(name, kind);
  if (kind.rows.length >= ingestJobRows) return;
  const bytes = Buffer.byteLength(JSON.stringify(Object.values(cells)));
  const added = Object.keys(cells).filter((name) => !kind.names.has(name));
  if (kind.bytes + bytes + (kind.names.size + added.length) * (kind.rows.length + 1) > jobBytes) return;
  kind.bytes += bytes;
  for (const column of added) kind.names.add(column);
  kind.rows.push({ key: entry.key, account: String(entry.changes.AccountId ?? '') });
}

function isFull({ rows, bytes }: Kind, mostRows: number): boolean {
  return rows.length >= mostRows || bytes > jobBytes * 0.9;
}
