import { AppError } from '../base/errors.ts';
import { parseTime } from '../base/iso-time.ts';
import { isIdOf } from '../org/record-id.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { SyncContext } from './context.ts';
import type { Tombstone } from './ports/page.ts';
import { withCurrentFields } from './schema.ts';
import { select, soqlString } from './soql.ts';

/** Ids in one query, so that its URI stays well below the 16,384 bytes that Salesforce takes. */
export const idsPerQuery = 350;

/**
 * What queryAll says of records that are thought to be gone: tombstones for those that are deleted or not
 * known any more (`purged`), and the ids of those that live. What is no Id of the object, as a program may write to the
 * mirror's table, is not asked for: the org cannot know it.
 */
export async function confirmGone(
  context: SyncContext,
  ids: readonly string[],
  { signal }: { signal?: AbortSignal },
): Promise<{ tombstones: Tombstone[]; live: string[] }> {
  const { object, remote } = context;
  const tombstones: Tombstone[] = [];
  const live: string[] = [];
  const { own = [], strange = [] } = Object.groupBy(ids, (id) =>
    isIdOf(object.keyPrefix, id) ? 'own' : 'strange',
  );
  // The org would refuse the query for them, with all that is asked for beside.
  for (const id of strange) tombstones.push(tombstoneOf(object, id, undefined, remote.clock.told()));
  for (let i = 0; i < own.length; i += idsPerQuery) {
    const asked = own.slice(i, i + idsPerQuery);
    const answer = await withCurrentFields(context, { signal }, async () => {
      const fields = await fieldsToAsk(context);
      const soql = select(object.name, fields, [`Id IN (${asked.map(soqlString).join(',')})`]);
      return remote.queries.all(soql, { deleted: true, signal });
    });
    const found = new Map(answer.records.map((record) => [String(record.Id), record]));
    for (const id of asked) {
      const record = found.get(id);
      if (record !== undefined && !isDeleted(object, record)) live.push(id);
      else tombstones.push(tombstoneOf(object, id, record, answer.answeredAt));
    }
  }
  return { tombstones, live };
}

/** A profile may hide MasterRecordId, also between two describes; asking for it would then fail every time. */
async function fieldsToAsk({ mirror }: Pick<SyncContext, 'mirror'>): Promise<string[]> {
  const fields = await mirror.schema.fields();
  const isReadable = fields.some(({ name, vanished }) => name === 'MasterRecordId' && !vanished);
  return ['Id', 'IsDeleted', 'SystemModstamp', ...(isReadable ? ['MasterRecordId'] : [])];
}

/** What cannot be read as either must not pass for alive: the cursor would pass the deletion. */
function isDeleted({ name }: SyncedObject, { Id: id, IsDeleted: value }: Record<string, unknown>): boolean {
  if (typeof value === 'boolean') return value;
  throw new AppError(
    'SALESFORCE_ERROR',
    `The org does not say whether the ${name} ${String(id)} is deleted.`,
    {
      hint: 'Nothing of this answer was stored. Check that nothing between this machine and Salesforce changes answers.',
    },
  );
}

function tombstoneOf(
  object: SyncedObject,
  id: string,
  record: Record<string, unknown> | undefined,
  evidenceAt: number,
): Tombstone {
  if (record === undefined) {
    return { id, gone: 'purged', masterRecordId: null, systemModstamp: null, evidenceAt };
  }
  const masterRecordId = masterOf(object, record);
  const stamp = typeof record.SystemModstamp === 'string' ? parseTime(record.SystemModstamp) : null;
  return {
    id,
    gone: masterRecordId === null ? 'deleted' : 'merged',
    masterRecordId,
    systemModstamp: stamp === null ? null : new Date(stamp).toISOString(),
    evidenceAt,
  };
}

/** Into which record it was merged; null where it was not. */
function masterOf(
  { name, keyPrefix }: SyncedObject,
  { MasterRecordId: master }: Record<string, unknown>,
): string | null {
  if (master === null || master === undefined) return null;
  if (isIdOf(keyPrefix, master)) return master;
  throw new AppError(
    'SALESFORCE_ERROR',
    `The org names something that is no ${name} as the survivor of a merge.`,
    {
      hint: 'Nothing of this answer was stored.',
    },
  );
}
