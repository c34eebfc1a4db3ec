import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import { retrieveRecords } from '../settle/read-doubts.ts';
import { cannotBeAsked } from './cannot-be-asked.ts';
import type { Standing } from './store-answer.ts';

/** What Salesforce says of a record that is deleted, merged into another, purged, or not shown to this user. */
const ofGone: ReadonlySet<string> = new Set([
  'ENTITY_IS_DELETED',
  'INVALID_CROSS_REFERENCE_KEY',
  'NOT_FOUND',
]);

/**
 * Edits of programs that were refused since their contact went between the look and the write wait again: the next look
 * decides by the org's policy, as if it had gone before. The same codes may be of another record that an edit names, so
 * that the contacts are asked for. Returns their keys; none where the org cannot be asked now.
 */
export async function goneMeanwhile(
  context: SyncContext,
  standings: readonly Standing[],
  { signal }: { signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const refused = standings.flatMap(({ entry: { key, op, local, contactId }, settlement }) =>
    settlement.state === 'rejected' &&
    local &&
    op !== 'create' &&
    contactId !== null &&
    settlement.errors.some(({ code }) => ofGone.has(code))
      ? [{ key, id: fullId(contactId) }]
      : [],
  );
  if (refused.length === 0) return new Set();
  const { outbox, schema } = context.mirror;
  try {
    const fields = new Map((await schema.fields()).map((field) => [field.name, field]));
    const ids = refused.map(({ id }) => id);
    const live = await retrieveRecords(context, ids, ['Id'], { fields, signal });
    const keys = refused.flatMap(({ key, id }) => (live.has(id) ? [] : [key]));
    return new Set(await outbox.move(keys, ['rejected'], 'pending', context.clock.now()));
  } catch (error) {
    if (!cannotBeAsked(error)) throw error;
    return new Set();
  }
}
