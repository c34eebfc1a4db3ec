import type { OrgState } from '../engine/org-state.ts';
import { stampNow } from '../engine/org-state.ts';
import type { SqlValue } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { ContactGenerator, type Origin } from './generate/contact-generator.ts';
import { committedRidWith } from './write/duplicates.ts';

const ACCOUNTS_KNOWN = 5_000;

/** Creates contacts as a user would who fills in everything at once, stamped now. Answers their ids. */
export function createContacts(
  state: OrgState,
  userId: string,
  { count, seed }: { count: number; seed: number },
): string[] {
  const contact = state.schema.require('Contact');
  const accounts = state.storage
    .pluck(`select "Id" from "Account" where "IsDeleted" = 0 order by _rid limit ${ACCOUNTS_KNOWN}`)
    .all() as string[];
  const owners = state.users.filter((user) => user.active).map((user) => user.id);
  const generator = new ContactGenerator(contact, state.ids, seed, { accounts, owners });
  const at = stampNow(state);
  const origin: Origin = {
    createdDate: at,
    createdById: userId,
    lastModifiedDate: at,
    lastModifiedById: userId,
    systemModstamp: at,
  };
  const ids: string[] = [];
  const direct = state.commits.immediate;
  // Either all of them are there or none.
  state.commits.transaction(() => {
    const first = state.storage.takeRids(contact, count);
    const insert = state.storage.prepare(generator.insertSql);
    const mend = menderOf(state, contact, generator, first);
    for (let rid = first; rid < first + count; rid++) {
      const row = generator.next(rid, origin);
      mend(row);
      if (direct) insert.run(row);
      else submit(state, generator, rid, at);
      ids.push(state.ids.make('003', rid));
    }
  });
  if (direct) state.storage.bumpVersion();
  return ids;
}

/**
 * Takes back what the org would refuse today, though it is fine in a new org: unique values that somebody has given
 * to another contact, and superiors who are gone.
 */
function menderOf(state: OrgState, contact: ObjectSchema, generator: ContactGenerator, first: number) {
  const unique = contact.columns
    .filter((field) => field.document.unique && generator.columns.includes(field.name))
    .map((field) => ({
      at: generator.columns.indexOf(field.name),
      column: field.name,
      pending: state.commits.pendingValues(contact, field.name),
    }));
  const superior = generator.columns.indexOf('ReportsToId');
  const live = state.storage.prepare('select 1 from "Contact" where _rid = ? and "IsDeleted" = 0');
  return (row: SqlValue[]): void => {
    for (const { at, column, pending } of unique) {
      const value = row[at];
      if (typeof value !== 'string' && typeof value !== 'number') continue;
      const taken =
        pending.has(String(value).toLowerCase()) ||
        committedRidWith(state, contact, column, value, -1) !== undefined;
      if (taken) row[at] = null;
    }
    const boss = row[superior];
    if (typeof boss !== 'string') return;
    const rid = state.ids.numberOf(boss) ?? -1;
    if (rid < first && !live.get(rid)) row[superior] = null;
  };
}

function submit(state: OrgState, generator: ContactGenerator, rid: number, at: string): void {
  const set: Record<string, SqlValue> = {};
  for (const [index, column] of generator.columns.entries()) {
    if (!column.startsWith('_')) set[column] = generator.row[index] ?? null;
  }
  const object = state.schema.require('Contact');
  state.commits.submit({ kind: 'insert', object, rid, set, at }, state.clock.now());
}
