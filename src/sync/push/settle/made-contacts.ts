import { parseTime } from '../../../base/iso-time.ts';
import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import { selectKeyPage, soqlDateTime, soqlString } from '../../soql.ts';
import type { MadeContact } from './match-creates.ts';

/** Salesforce stops at 16,384 bytes of URI and headers. */
const mostRequestBytes = 12_000;

interface MadeSpan {
  /** From then on, and before `before`; ms since 1970, whole seconds. */
  from: number;
  before: number;
}

type Rec = Record<string, unknown>;

/**
 * The contacts that this user made in a span of the org's time, deleted ones included, with the values of these fields:
 * page after page, so that very many take little memory. What does not fit into one query is asked for in several.
 */
export async function* madeContacts(
  context: Pick<SyncContext, 'object' | 'remote' | 'sizes'>,
  { from, before }: MadeSpan,
  {
    names,
    fields,
    signal,
  }: { names: readonly string[]; fields: ReadonlyMap<string, Field>; signal: AbortSignal },
): AsyncGenerator<MadeContact[]> {
  const { object, remote, sizes } = context;
  const conditions = [
    `CreatedById = ${soqlString(remote.userId)}`,
    `CreatedDate >= ${soqlDateTime(from)}`,
    `CreatedDate < ${soqlDateTime(before)}`,
  ];
  const limit = sizes.keyPageRows;
  const shown = ['Name', 'Email', 'MasterRecordId'].filter((name) => fields.has(name));
  // Salesforce takes no query that names a field twice.
  const asked = names.filter((name) => fields.has(name) && !keyFields.includes(name));
  let after: { stamp: string; id: string } | null = null;
  for (;;) {
    const soqlOf = (part: readonly string[]) =>
      selectKeyPage(object.name, part, conditions, 'CreatedDate', after, limit);
    const rows = new Map<string, Rec>();
    let last: Rec | undefined;
    let count = 0;
    for (const part of partsOf(
      [...new Set([...shown, ...asked])],
      (some) => remote.queries.requestBytes(soqlOf([...keyFields, ...some])) <= mostRequestBytes,
    )) {
      const { records } = await remote.queries.all(soqlOf([...keyFields, ...part]), {
        deleted: true,
        signal,
      });
      const isFirst = last === undefined;
      if (isFirst) {
        last = records.at(-1);
        count = records.length;
      }
      for (const record of records) {
        const id = String(record.Id);
        const known = rows.get(id);
        if (isFirst) rows.set(id, record);
        else if (known !== undefined) rows.set(id, { ...known, ...record });
      }
    }
    if (last === undefined) return;
    yield [...rows.values()].map(madeContact);
    if (count < limit) return;
    after = { stamp: isoStamp(last), id: String(last.Id) };
  }
}

const keyFields = ['Id', 'CreatedDate', 'IsDeleted'];

function isoStamp({ CreatedDate }: Rec): string {
  return new Date(parseTime(String(CreatedDate)) ?? Number.NaN).toISOString();
}

function madeContact(row: Rec): MadeContact {
  const createdAt = isoStamp(row);
  const isMerged = typeof row.MasterRecordId === 'string';
  return {
    id: fullId(String(row.Id)),
    name: text(row.Name),
    email: text(row.Email),
    createdAt,
    createdMs: Date.parse(createdAt),
    gone: isMerged ? 'merged' : row.IsDeleted === true ? 'deleted' : null,
    values: row,
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Cuts fields into parts that each fit into a query; one part at least, and one that does not fit alone by itself. */
function* partsOf(names: readonly string[], fits: (part: readonly string[]) => boolean): Generator<string[]> {
  let part: string[] = [];
  for (const name of names) {
    if (part.length > 0 && !fits([...part, name])) {
      yield part;
      part = [];
    }
    part.push(name);
  }
  yield part;
}
