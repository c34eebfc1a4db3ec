import { OrgFault } from '../schema/fault.ts';
import type { SqlValue } from '../schema/field.ts';
import { quoted } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { normalizeId, type RecordIds } from '../schema/record-id.ts';
import type { Schema } from '../schema/schema.ts';
import { storedStamp } from '../schema/stamp.ts';
import type { OrgUser } from './actor.ts';
import type { Commits } from './commits.ts';
import type { OrgClock } from './org-clock.ts';
import type { OrgSettings } from './org-settings.ts';
import type { Storage } from './storage.ts';
import type { Visibility } from './visibility.ts';

export type StoredRow = Record<string, SqlValue>;

/** The parts of one org that its operations share. */
export interface OrgState {
  readonly storage: Storage;
  schema: Schema;
  readonly ids: RecordIds;
  readonly clock: OrgClock;
  readonly users: readonly OrgUser[];
  readonly visibility: Visibility;
  readonly commits: Commits;
  settings: OrgSettings;
  /** When describe last changed, epoch milliseconds. */
  describedMs: number;
}

/** A row addressed by its id. */
export interface RowKey {
  readonly object: ObjectSchema;
  readonly rid: number;
  readonly id: string;
}

/** Now, as the stamp of a write. */
export function stampNow(state: OrgState): string {
  return storedStamp(state.clock.now());
}

/** The row an id of 15 or 18 characters names, whether it exists or not; undefined where it can be none of this org. */
export function rowKey(state: OrgState, id: string): RowKey | undefined {
  const full = normalizeId(id);
  const object = full === undefined ? undefined : state.schema.ofId(full);
  const rid = full === undefined ? undefined : state.ids.numberOf(full);
  if (full === undefined || object === undefined || rid === undefined) return undefined;
  return { object, rid, id: state.ids.make(object.keyPrefix, rid) };
}

/** The row as a writer sees it: what is committed with what is pending laid over. */
export function currentRow(state: OrgState, key: RowKey): StoredRow | undefined {
  const committed = committedRow(state, key);
  const pending = state.commits.pendingRow(key.object, key.rid);
  if (!pending) return committed;
  if (!pending.exists) return undefined;
  return { ...committed, ...(pending.set as StoredRow) };
}

export function committedRow(state: OrgState, { object, rid }: RowKey): StoredRow | undefined {
  return state.storage.get<StoredRow>(`select * from ${quoted(object.name)} where _rid = ?`, [rid]);
}

export function isVisible(state: OrgState, key: RowKey, userId: string): boolean {
  return !state.visibility.isHidden(key.object, key.rid, userId);
}

export function notFound(message = 'The requested resource does not exist'): OrgFault {
  return new OrgFault('NOT_FOUND', message, { status: 404 });
}

export function entityIsDeleted(): OrgFault {
  return new OrgFault('ENTITY_IS_DELETED', 'entity is deleted', { status: 404 });
}

/** Keeps the schema in the state file: fields and objects may have come and gone since the org was made. */
export function saveDocuments(state: OrgState): void {
  const documents = state.schema.objects.map((object) => object.document);
  state.storage.setMeta('documents', JSON.stringify(documents));
}
