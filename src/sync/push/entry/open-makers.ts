import { parseTime } from '../../../base/iso-time.ts';
import { fullId } from '../../../org/record-id.ts';
import { serverClocksMs } from '../../../org/server-clocks.ts';
import type { SyncContext } from '../../context.ts';
import type { OpenCreation } from '../../ports/outbox-entry.ts';

/** Of a creation: the contact was made from then on and before `before`, the org's time, ms since 1970. */
interface Span {
  from: number;
  before: number;
  contactKey: string;
}

/**
 * Which of these contacts a creation by a program may have made whose answer never came, with the key of the first such
 * one: the user who made the contact and the time say so. Where the mirror does not keep those, or the time of the creation
 * is not known, none is told, for else every edit would wait. Of several the first is asked for again, or keeps back what is of it, before
 * any edit that was made when its contact was there; a later one may be behind the edit, and would keep it back from nothing.
 */
export async function openMakers(
  { contacts, outbox }: Pick<SyncContext['mirror'], 'contacts' | 'outbox'>,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const makers = new Map<string, string>();
  if (ids.size === 0) return makers;
  const spans = spansByUser(await outbox.openCreations());
  if (spans.size === 0) return makers;
  const asked = [...ids];
  const users = await contacts.valuesOf('CreatedById', asked);
  const times = await contacts.valuesOf('CreatedDate', asked);
  for (const id of asked) {
    const ofUser = spans.get(fullId(String(users.get(id) ?? '')));
    const madeAt = parseTime(String(times.get(id) ?? ''));
    if (ofUser === undefined || madeAt === null) continue;
    const maker = ofUser.find(({ from, before }) => from <= madeAt && madeAt < before);
    if (maker !== undefined) makers.set(id, maker.contactKey);
  }
  if (makers.size === 0) return makers;
  const { made } = await outbox.accountedFor([...makers.keys()]);
  for (const id of made) makers.delete(id);
  return makers;
}

/** By the user as whom they were sent, in the order in which they were asked for. */
function spansByUser(creations: readonly OpenCreation[]): Map<string, Span[]> {
  const byUser = new Map<string, Span[]>();
  for (const { contactKey, sentBy, sentOrgAt, doubt } of creations) {
    if (sentBy === null || sentOrgAt === null || doubt?.isTimeUnsure === true) continue;
    const from = Math.floor(sentOrgAt / 1_000) * 1_000 - serverClocksMs;
    const before = doubt?.madeBefore ?? Number.POSITIVE_INFINITY;
    const user = fullId(sentBy);
    const ofUser = byUser.get(user) ?? [];
    byUser.set(user, ofUser);
    ofUser.push({ from, before, contactKey });
  }
  return byUser;
}
