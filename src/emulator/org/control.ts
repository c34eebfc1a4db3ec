import type { Actor } from '../engine/actor.ts';
import { currentRow, notFound, type OrgState, type RowKey, rowKey } from '../engine/org-state.ts';
import { queryContext } from '../engine/query-engine.ts';
import type { SaveResult } from '../engine/save-result.ts';
import { OrgFault } from '../schema/fault.ts';
import { type Field, quoted } from '../schema/field.ts';
import type { JsonObject } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { normalizeId } from '../schema/record-id.ts';
import { Scope } from '../soql/scope.ts';
import { jsonOf, objectOf } from '../soql/select-tree.ts';
import { sql, textConstant } from '../soql/sql.ts';
import { createContacts } from './new-contacts.ts';
import type { OpenTransactionRequest, OrgControl, OrgCounts, Targets } from './org.ts';
import { purgeDeleteLog } from './replication.ts';
import { changeSettings } from './settings.ts';
import { createRecord, updateRecord, writeEach } from './write/dml.ts';
import { mergeRecords } from './write/merge.ts';
import { deleteRecord, purgeRecord, undeleteRecord } from './write/remove.ts';

const NDJSON_ROWS = 1000;

/** The control surface's work on rows, done as another user of the org than the one who logs in. */
export function createControl(state: OrgState, reset: () => Promise<void>): OrgControl {
  const actor: Actor = { userId: (state.users[1] ?? state.users[0])!.id };
  const targets = new TargetPicker(state);
  let touches = 0;
  let creations = 0;

  const settle = () => state.commits.settle(state.clock.now());
  const all = (ids: readonly string[], write: (id: string) => SaveResult): string[] =>
    writeEach(state, ids, { allOrNone: true }, write).map(idOrThrow);

  const create = ({ count, seed }: { count: number; seed?: number }) =>
    createContacts(state, actor.userId, { count: wholeCount(count), seed: seed ?? 1000 + creations++ });
  const touch = (request: Targets & { readonly set?: Record<string, unknown> }) => {
    const text = `Touched ${request.set ? touches : ++touches}`;
    return all(targets.pick(request), (id) => {
      const object = state.schema.ofId(id) ?? state.schema.require('Contact');
      const fields = { ...(request.set ?? defaultTouch(object, text)), Id: id };
      return updateRecord(state, actor, { object: object.name, fields }, { allowDuplicates: true });
    });
  };
  const remove = (request: Targets) => all(targets.pick(request), (id) => deleteRecord(state, actor, id, {}));
  const undelete = (ids: readonly string[]) => all(ids, (id) => undeleteRecord(state, actor, id));

  return {
    counts: () => {
      settle();
      return { ...contactCounts(state), openTransactions: state.commits.openTransactions };
    },
    rowCounts: () => {
      settle();
      return Object.fromEntries(
        state.schema.objects.map((object) => [object.name, liveAndDeleted(state, object)]),
      );
    },
    createContacts: (request) => {
      settle();
      return create(request);
    },
    create: ({ records, userId }) => {
      settle();
      const by: Actor = userId === undefined ? actor : { userId: requireUser(state, userId) };
      const write = (fields: JsonObject) =>
        createRecord(state, by, { object: 'Contact', fields }, { allowDuplicates: true });
      const results = writeEach(state, records, { allOrNone: true }, write);
      const refused = results.find(
        ({ errors: [error] }) => error && error.statusCode !== 'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      );
      return (refused === undefined ? results : [refused]).map(idOrThrow);
    },
    touch: (request) => {
      settle();
      return touch(request);
    },
    delete: (request) => {
      settle();
      return remove(request);
    },
    undelete: (ids) => {
      settle();
      return undelete(ids);
    },
    purge: (ids) => {
      settle();
      return all(ids, (id) => purgeRecord(state, id));
    },
    merge: ({ master, losers }) => {
      settle();
      const id = idOrThrow(mergeRecords(state, actor, { master, losers }));
      return { id, mergedRecordIds: losers.map((loser) => rowKey(state, loser)!.id) };
    },
    openTransaction: (request: OpenTransactionRequest) => {
      settle();
      const startMs = Math.floor(state.clock.now() / 1000) * 1000;
      const ids = state.commits.open(startMs, () => [
        ...(request.create ? create(request.create) : []),
        ...(request.touch ? touch(request.touch) : []),
        ...(request.delete ? remove(request.delete) : []),
        ...(request.undelete ? undelete(request.undelete.ids) : []),
      ]);
      return { ids };
    },
    commit: () => {
      settle();
      const changes = state.commits.commitOpen();
      const ids = new Set(changes.map(({ object, rid }) => state.ids.make(object.keyPrefix, rid)));
      return { ids: [...ids] };
    },
    setVisibility: ({ ids, hidden, userId }) => {
      settle();
      const keys = ids.map((id) => requireKey(state, id));
      const user = requireUser(state, userId);
      state.storage.transaction(() => {
        for (const object of new Set(keys.map((key) => key.object))) {
          const rids = keys.filter((key) => key.object === object).map((key) => key.rid);
          state.visibility.set(object, rids, user, hidden);
        }
      });
      state.storage.bumpVersion();
      return { ids: keys.map((key) => key.id) };
    },
    purgeDeleteLog: (beforeMs) => purgeDeleteLog(state, beforeMs),
    settings: () => state.settings,
    change: (change) => {
      settle();
      return changeSettings(state, change);
    },
    contactsNdjson: (options) => {
      settle();
      return contactsNdjson(state, options.deleted);
    },
    reset: async () => {
      await reset();
      targets.restart();
      touches = 0;
      creations = 0;
    },
  };
}

/** The Title, or another text that means as little; where there is none, the stamps alone change. */
function defaultTouch(object: ObjectSchema, text: string): Record<string, string> {
  const fits = ({ type, document }: Field): boolean =>
    type === 'string' &&
    document.updateable &&
    document.nillable &&
    document.length >= text.length &&
    !(document.unique || document.externalId || document.compoundFieldName || document.calculated);
  const title = object.visibleField('Title');
  const field = title && fits(title) ? title : object.visibleFields.find(fits);
  return field ? { [field.name]: text } : {};
}

function wholeCount(count: unknown): number {
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) {
    throw new OrgFault('INVALID_CONTROL_REQUEST', 'count must be a whole number from 0 on');
  }
  return count;
}

function idOrThrow(result: SaveResult): string {
  if (result.success && result.id !== null) return result.id;
  const [error] = result.errors;
  throw new OrgFault(error?.statusCode ?? 'UNKNOWN_EXCEPTION', error?.message ?? 'failed', {
    status: result.status ?? 400,
    fields: error?.fields ?? [],
  });
}

function requireKey(state: OrgState, id: string): RowKey {
  const key = rowKey(state, id);
  if (!key || !currentRow(state, key)) throw notFound(`There is no row ${id}`);
  return key;
}

/** The first user where none is named. */
function requireUser(state: OrgState, id: string | undefined): string {
  const user = id === undefined ? state.users[0] : state.users.find((one) => one.id === normalizeId(id));
  if (!user) throw notFound(`There is no user ${id}`);
  return user.id;
}

/** Chooses the next live contacts, in the order of their ids and from the start again after the last. */
class TargetPicker {
  readonly #state: OrgState;
  #after = 0;

  constructor(state: OrgState) {
    this.#state = state;
  }

  restart(): void {
    this.#after = 0;
  }

  pick(targets: Targets): readonly string[] {
    if ('ids' in targets && targets.ids !== undefined) return targets.ids;
    const count = wholeCount((targets as { count: unknown }).count);
    const onwards = this.#next(this.#after, count);
    const around = onwards.length < count ? this.#next(0, count - onwards.length, this.#after) : [];
    const rows = [...onwards, ...around];
    this.#after = rows.at(-1)?._rid ?? this.#after;
    return rows.map((row) => row.Id);
  }

  #next(after: number, count: number, until = Number.MAX_SAFE_INTEGER): { _rid: number; Id: string }[] {
    const chosen: { _rid: number; Id: string }[] = [];
    for (let from = after; chosen.length < count; ) {
      const rows = this.#state.storage.all<{ _rid: number; Id: string }>(
        'select _rid, "Id" from "Contact" where _rid > ? and _rid <= ? and "IsDeleted" = 0 order by _rid limit ?',
        [from, until, count - chosen.length],
      );
      const last = rows.at(-1);
      if (!last) break;
      from = last._rid;
      chosen.push(...rows.filter((row) => this.#isFree(row._rid)));
    }
    return chosen;
  }

  /** Neither held by an open transaction nor deleted by a write that has not committed yet. */
  #isFree(rid: number): boolean {
    const { commits, schema } = this.#state;
    const contact = schema.require('Contact');
    if (commits.isLocked(contact, rid)) return false;
    const pending = commits.pendingRow(contact, rid);
    return pending === undefined || (pending.exists && !pending.set.IsDeleted);
  }
}

function liveAndDeleted(state: OrgState, object: ObjectSchema): { live: number; deleted: number } {
  const { n } = state.storage.get<{ n: number }>(`select count(*) as n from ${quoted(object.name)}`, [])!;
  if (!object.field('IsDeleted')) return { live: n, deleted: 0 };
  const text = `select count(*) as n from ${quoted(object.name)} where "IsDeleted" = 0`;
  const live = state.storage.get<{ n: number }>(text, [])!.n;
  return { live, deleted: n - live };
}

function contactCounts(state: OrgState): Omit<OrgCounts, 'openTransactions'> {
  const counts = liveAndDeleted(state, state.schema.require('Contact'));
  const counter = state.storage.get<{ purged: number }>('select purged from _counter where object = ?', [
    'Contact',
  ]);
  return { ...counts, purged: counter?.purged ?? 0 };
}

/** Whole lines, a thousand a block; every stored and computed field as REST writes it, whoever may see it. */
function* contactsNdjson(state: OrgState, deleted: boolean): Iterable<Buffer> {
  const contact = state.schema.require('Contact');
  const pairs = plainPairs(state, contact);
  const text =
    `select max(_rid) as last, cast(group_concat(t, char(10)) as blob) as j from (select c._rid, ${objectOf(pairs.map((pair) => sql(pair))).text} as t ` +
    `from "Contact" c where c._rid > ?${deleted ? '' : ' and c."IsDeleted" = 0'} order by c._rid limit ${NDJSON_ROWS})`;
  for (let after = 0; ; ) {
    const row = state.storage.get<{ last: number | null; j: Buffer | null }>(text, [after]);
    if (!row?.j || row.last === null) return;
    after = row.last;
    yield Buffer.concat([row.j, Buffer.from('\n')]);
  }
}

function plainPairs(state: OrgState, contact: ObjectSchema): string[] {
  const context = queryContext(state, { userId: '' }, { text: '' }, true, () => {});
  const scope = new Scope(contact, 'c', { ...context, everyField: true });
  return contact.fields
    .filter((field) => field.storage !== 'compound')
    .map((field) => `${textConstant(field.name)}, ${jsonOf(scope.resolve(field.name))}`);
}
