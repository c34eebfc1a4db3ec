import type { ColumnValues } from './change.ts';
import { ContactGenerator, type Origin } from './generate/contact-generator.ts';
import type { OrgState } from './org-state.ts';
import { stampNow } from './org-state.ts';

/** Rows of one transaction. */
const SLICE_ROWS = 20_000;
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
  for (let done = 0; done < count; done += SLICE_ROWS) {
    const some = Math.min(SLICE_ROWS, count - done);
    state.commits.transaction(() => {
      const first = state.storage.takeRids(contact, some);
      const insert = state.storage.prepare(generator.insertSql);
      for (let rid = first; rid < first + some; rid++) {
        const row = generator.next(rid, origin);
        if (direct) insert.run(row);
        else submit(state, generator, rid, at);
        ids.push(state.ids.make('003', rid));
      }
    });
  }
  if (direct) state.storage.bumpVersion();
  return ids;
}

function submit(state: OrgState, generator: ContactGenerator, rid: number, at: string): void {
  const set: Record<string, ColumnValues[string]> = {};
  for (const [index, column] of generator.columns.entries()) {
    if (!column.startsWith('_')) set[column] = generator.row[index] ?? null;
  }
  const object = state.schema.require('Contact');
  state.commits.submit({ kind: 'insert', object, rid, set, at }, state.clock.now());
}
