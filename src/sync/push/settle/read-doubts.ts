import { AppError, isAppError } from '../../../base/errors.ts';
import { parseTime } from '../../../base/iso-time.ts';
import { runAgain } from '../../../base/run-again.ts';
import { fullId } from '../../../org/record-id.ts';
import { confirmGone } from '../../confirm-gone.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { PageBody, Tombstone } from '../../ports/page.ts';
import { readWholePage } from '../../read/whole-page.ts';
import { refreshSchema } from '../../schema.ts';
import { select, soqlString } from '../../soql.ts';
import { plainDecimal } from '../values/decimal.ts';
import { externalIdName } from '../values/external-id-name.ts';
import { comparedForDelete } from './compared-for-delete.ts';
import type { FoundContact } from './doubt-verdict.ts';

/** Salesforce stops at 16,384 bytes of URI and headers. */
const mostRequestBytes = 12_000;
const numberTypes = new Set(['int', 'long', 'double', 'currency', 'percent']);

interface ReadOptions {
  fields: ReadonlyMap<string, Field>;
  signal: AbortSignal;
}

type Rec = Record<string, unknown>;

/**
 * The contacts of entries in doubt as Salesforce has them now, by the entry's key. Without an upsert whose external id
 * field is gone: nothing can be asked by it, and asking would fail for all the others too.
 */
export async function readDoubts(
  context: SyncContext,
  all: readonly OutboxEntry[],
  options: ReadOptions,
): Promise<Map<string, FoundContact>> {
  const entries = all.filter(
    ({ contactId, upsertField }) =>
      contactId !== null || upsertField === null || options.fields.has(upsertField),
  );
  const byExternalId = await readExternalIds(context, entries, options);
  const idOf = (entry: OutboxEntry): string | null =>
    entry.contactId === null ? (byExternalId.get(entry.key)?.id ?? null) : fullId(entry.contactId);
  const isGone = (entry: OutboxEntry) => byExternalId.get(entry.key)?.gone === true;
  const ids = new Set(
    entries.flatMap((entry) => {
      const id = idOf(entry);
      return id === null || isGone(entry) ? [] : [id];
    }),
  );
  const isDeleteCompared = entries.some(({ op }) => op === 'delete');
  const names = [...namesOf(entries), ...(isDeleteCompared ? await comparedForDelete(context) : [])];
  const rows = await retrieveRecords(context, [...ids], names, options);
  // What retrieve does not give is deleted, purged or hidden; that queryAll may yet call some live is a race.
  const missing = [...ids].filter((id) => !rows.has(id));
  const confirmed = await confirmGone(context, missing, options);
  const live = new Set(confirmed.live);
  const stated = await statedGone(context, confirmed.tombstones);
  const found = new Map<string, FoundContact>();
  for (const entry of entries) {
    const id = idOf(entry);
    const row = id === null ? undefined : rows.get(id);
    if (row !== undefined) found.set(entry.key, liveContact(row));
    else if (id === null || !live.has(id)) {
      const createdMs = byExternalId.get(entry.key)?.createdMs ?? null;
      found.set(entry.key, { kind: 'gone', id, createdMs, isStated: id !== null && stated.has(id) });
    }
  }
  return found;
}

/** Those whose deletion the org has told of, now or to the mirror; the others may be hidden from this user. */
async function statedGone(
  { mirror: { contacts } }: Pick<SyncContext, 'mirror'>,
  tombstones: readonly Tombstone[],
): Promise<ReadonlySet<string>> {
  const unseen = tombstones.filter(({ gone }) => gone === 'purged').map(({ id }) => id);
  const known = unseen.length === 0 ? new Map() : await contacts.states(unseen);
  const isStated = ({ id, gone: seen }: Tombstone) => {
    const gone = seen === 'purged' ? (known.get(id)?.gone ?? null) : seen;
    return gone !== null && gone !== 'hidden';
  };
  return new Set(tombstones.filter(isStated).map(({ id }) => id));
}

function namesOf(entries: readonly OutboxEntry[]): string[] {
  const names = new Set(['Id', 'SystemModstamp', 'CreatedDate', 'LastModifiedById']);
  for (const { changes } of entries) for (const name of Object.keys(changes)) names.add(name);
  return [...names];
}

function liveContact(row: Rec): FoundContact {
  return {
    kind: 'live',
    id: fullId(String(row.Id)),
    stampMs: parseTime(String(row.SystemModstamp)) ?? Number.POSITIVE_INFINITY,
    createdMs: parseTime(String(row.CreatedDate)) ?? Number.POSITIVE_INFINITY,
    values: row,
  };
}

/**
 * Records by their Ids, with those of these fields that there are. An answer that does not speak of each Id is asked for
 * again; throws `PAGE_INCOMPLETE` where it stays so: what it is silent about would pass for gone.
 */
export async function retrieveRecords(
  { clock, log, records, sizes: { retrieveRows } }: Pick<SyncContext, 'clock' | 'log' | 'records' | 'sizes'>,
  ids: readonly string[],
  names: readonly string[],
  { fields, signal }: ReadOptions,
): Promise<Map<string, Rec>> {
  // Nested values are no fields, and one that the user may not read would fail the whole request.
  const asked = [...new Set(names)].filter((name) => fields.has(name));
  const rows = new Map<string, Rec>();
  // Nothing says how often Salesforce answers an Id that is named twice.
  const unique = [...new Set(ids.map(fullId))];
  for (let i = 0; i < unique.length; i += retrieveRows) {
    const part = unique.slice(i, i + retrieveRows);
    const found = await readWholePage(
      { clock, log },
      {
        ask: () => records.retrieve(part, asked, { signal }),
        store: (page) => recordsOf(page, part),
        signal,
      },
    );
    for (const [id, row] of found) rows.set(id, row);
  }
  return rows;
}

/** The answer has an item for each Id that was asked for, null for one that is not shown. */
async function recordsOf(page: PageBody, ids: readonly string[]): Promise<Map<string, Rec>> {
  const blocks: Uint8Array[] = [];
  for await (const block of page.blocks) blocks.push(block);
  const records = parsed(Buffer.concat(blocks).toString('utf8'));
  if (!Array.isArray(records) || records.length !== ids.length)
    throw incomplete(`${Array.isArray(records) ? records.length : 'no'} records for ${ids.length} Ids`);
  const asked = new Set(ids);
  const rows = new Map<string, Rec>();
  for (const record of records as (Rec | null)[]) {
    if (record === null) continue;
    const id = typeof record?.Id === 'string' ? fullId(record.Id) : '';
    if (!asked.has(id)) throw incomplete('a record that was not asked for');
    const { attributes: _attributes, ...values } = record;
    rows.set(id, values);
  }
  return rows;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw incomplete('what is no JSON');
  }
}

function incomplete(what: string): AppError {
  return new AppError('PAGE_INCOMPLETE', `Asked for contacts by their Ids, Salesforce answered ${what}.`, {
    hint: `Nothing of this answer was believed: ${runAgain}.`,
  });
}

interface ByExternalId {
  id: string;
  gone: boolean;
  createdMs: number | null;
}

/** Whom upserts meet, deleted ones included; a live one goes before, then the one that was made last. */
async function readExternalIds(
  { object, remote }: Pick<SyncContext, 'object' | 'remote'>,
  entries: readonly OutboxEntry[],
  { fields, signal }: ReadOptions,
): Promise<Map<string, ByExternalId>> {
  const found = new Map<string, ByExternalId>();
  const upserts = entries.filter(({ contactId, upsertField }) => contactId === null && upsertField !== null);
  for (const name of new Set(upserts.map(({ upsertField }) => upsertField as string))) {
    const field = fields.get(name) ?? { name, type: 'string' };
    const ofField = upserts.filter(({ upsertField }) => upsertField === name);
    const keys = Map.groupBy(ofField, ({ changes }) => externalIdName(field, changes[name]));
    const values = [...new Set(ofField.map(({ changes }) => literal(field, changes[name])))];
    const selected = ['Id', name, 'IsDeleted', 'CreatedDate'];
    const soqlOf = (part: readonly string[]) =>
      select(object.name, selected, [`${name} IN (${part.join(',')})`]);
    for (const part of partsOf(
      values,
      (some) => remote.queries.requestBytes(soqlOf(some)) <= mostRequestBytes,
    )) {
      const { records } = await remote.queries.all(soqlOf(part), { deleted: true, signal });
      for (const record of records) {
        const gone = record.IsDeleted === true;
        const createdMs = parseTime(String(record.CreatedDate));
        for (const { key } of keys.get(externalIdName(field, record[name])) ?? []) {
          const known = found.get(key);
          if (gone && known && (!known.gone || (known.createdMs ?? 0) >= (createdMs ?? 0))) continue;
          found.set(key, { id: fullId(String(record.Id)), gone, createdMs });
        }
      }
    }
  }
  return found;
}

function literal(field: { type: string }, value: unknown): string {
  const number = numberTypes.has(field.type) ? plainDecimal(String(value)) : null;
  return number ?? soqlString(String(value).trim());
}

/** Cuts a list into parts that each fit; a single one that does not is a part of its own. */
function* partsOf(
  values: readonly string[],
  fits: (part: readonly string[]) => boolean,
): Generator<string[]> {
  let part: string[] = [];
  for (const value of values) {
    if (part.length > 0 && !fits([...part, value])) {
      yield part;
      part = [];
    }
    part.push(value);
  }
  if (part.length > 0) yield part;
}

/** Fields as they are known, by name; asks the org where an entry changes one that the mirror does not keep. */
export async function fieldsByName(
  context: Pick<SyncContext, 'mirror' | 'records'>,
  entries: readonly OutboxEntry[],
  options: { signal: AbortSignal },
): Promise<Map<string, Field>> {
  return fieldsNamed(context, new Set(entries.flatMap(({ changes }) => Object.keys(changes))), options);
}

/** The same, where an entry may name one of `names`. */
export async function fieldsNamed(
  { mirror, records }: Pick<SyncContext, 'mirror' | 'records'>,
  names: ReadonlySet<string>,
  { signal }: { signal: AbortSignal },
): Promise<Map<string, Field>> {
  const stored = (await mirror.schema.fields()).filter(({ vanished }) => !vanished);
  const fields = new Map<string, Field>(stored.map((field) => [field.name, field]));
  const unknown = [...names].some((name) => !fields.has(name));
  if (!unknown && fields.size > 0) return fields;
  const describe = await records.describe({ signal });
  return describe === 'not-modified' ? fields : new Map(describe.fields.map((field) => [field.name, field]));
}

/** Whether reading failed because Salesforce knows a field no more that the mirror still has. */
export function isUnknownField(error: unknown): boolean {
  return isAppError(error, 'INVALID_FIELD');
}

/**
 * Reads by the fields that the entries name. One may have gone since the last describe: then the fields are asked for anew,
 * once.
 */
export async function readByFields<T>(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  { signal }: { signal: AbortSignal },
  read: (options: ReadOptions) => Promise<T>,
): Promise<{ fields: ReadonlyMap<string, Field>; found: T }> {
  const tried = async () => {
    const fields = await fieldsByName(context, entries, { signal });
    return { fields, found: await read({ fields, signal }) };
  };
  try {
    return await tried();
  } catch (error) {
    if (!isUnknownField(error)) throw error;
    await refreshSchema(context, { force: true, signal });
    return tried();
  }
}
