import { parseTime } from '../../../base/iso-time.ts';
import { fullId } from '../../../org/record-id.ts';
import { serverClocksMs } from '../../../org/server-clocks.ts';
import type { SyncContext } from '../../context.ts';
import type { OpenCreation } from '../../ports/outbox-entry.ts';

/** The contact was made from then on and before `before`, the org's time, ms since 1970. */
interface Span {
  from: number;
  before: number;
  contactKey: string;
}

/**
 * Which of these contacts a creation by a program may have made whose answer never came, with the key of such a one: the
 * user who made the contact and the time say so. Where the mirror does not keep those, or the time of the creation is not
 * known, none is told, for else every edit would wait.
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
    const maker = makerAt(ofUser, madeAt);
    if (maker !== null) makers.set(id, maker);
  }
  if (makers.size === 0) return makers;
  const { made } = await outbox.accountedFor([...makers.keys()]);
  for (const id of made) makers.delete(id);
  return makers;
}

/** By the user as whom they were sent: of those that begin by some time, the one that ends last, in the order of the times. */
function spansByUser(creations: readonly OpenCreation[]): Map<string, Span[]> {
  const spans: (Span & { user: string })[] = [];
  for (const { contactKey, sentBy, sentOrgAt, doubt } of creations) {
    if (sentBy === null || sentOrgAt === null || doubt?.isTimeUnsure === true) continue;
    const from = Math.floor(sentOrgAt / 1_000) * 1_000 - serverClocksMs;
    const before = doubt?.madeBefore ?? Number.POSITIVE_INFINITY;
    spans.push({ user: fullId(sentBy), from, before, contactKey });
  }
  const byUser = new Map<string, Span[]>();
  for (const { user, ...span } of spans.toSorted((a, b) => a.from - b.from)) {
    const ofUser = byUser.get(user) ?? [];
    byUser.set(user, ofUser);
    const last = ofUser.at(-1);
    ofUser.push(last !== undefined && last.before >= span.before ? { ...last, from: span.from } : span);
  }
  return byUser;
}

/** The last that begins by then tells for all before it: one look, however many there are. */
function makerAt(spans: readonly Span[], madeAt: number): string | null {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.from <= madeAt) low = middle + 1;
    else high = middle;
  }
  const span = spans[low - 1];
  return span !== undefined && madeAt < span.before ? span.contactKey : null;
}
