import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import { isRefusedRepeat } from '../entry/entry-errors.ts';
import { lostKeys } from '../entry/lost-keys.ts';
import { baseFound } from './base-found.ts';
import { basedOnOwn } from './based-on-own.ts';
import { doubtVerdict, type FoundContact } from './doubt-verdict.ts';
import { orgNow } from './org-now.ts';
import { withOwnBefore } from './own-before.ts';
import { readByFields, readDoubts } from './read-doubts.ts';

/**
 * Reads the contacts of updates, deletes and upserts whose answer never came, before any of them is sent again, and
 * stores what follows: done, waiting to be sent again, or a conflict, whose values are in the record of the run `runId`, for
 * the entry forgets them with a person's decision. An entry whose contact could not be read stays in doubt. Throws where
 * Salesforce cannot be asked.
 */
export async function settleDoubts(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  { runId, signal }: { runId: string; signal: AbortSignal },
): Promise<Map<string, Settlement>> {
  if (entries.length === 0) return new Map();
  const { fields, found } = await readByFields(context, entries, { signal }, (options) =>
    readDoubts(context, entries, options),
  );
  const at = context.clock.now();
  const now = orgNow(context);
  const settlements = new Map<string, Settlement>();
  const judge = (entry: OutboxEntry) => {
    const contact = found.get(entry.key);
    if (contact !== undefined) settlements.set(entry.key, settlementOf(entry, contact, fields, { at, now }));
  };
  for (const entry of entries) judge(entry);
  const isConflict = ({ key }: OutboxEntry) => settlements.get(key)?.state === 'conflict';
  for (const entry of await knowingOwn(context, entries.filter(isConflict), found)) judge(entry);
  for (const key of await refusedBefore(context, entries)) {
    // Sent again, it would be refused again, for as long as it is not over.
    if (settlements.get(key)?.state === 'pending') settlements.delete(key);
  }
  await recordConflicts(context, entries, settlements, { runId, at });
  await context.mirror.outbox.settle([...settlements.values()]);
  const conflicts = [...settlements.values()].filter(({ state }) => state === 'conflict').length;
  if (conflicts > 0) {
    context.log.warn(
      `${context.remote.instanceUrl}: ${conflicts === 1 ? '1 change' : `${conflicts} changes`} whose answer never came would undo what was changed in Salesforce since; see \`parahack-sync outbox list --conflicts\``,
    );
  }
  return settlements;
}

/** The entries, knowing what this outbox has written to their contacts before them: that is no change by others. */
async function knowingOwn(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  found: ReadonlyMap<string, FoundContact>,
): Promise<OutboxEntry[]> {
  const edits = await basedOnOwn(
    context,
    entries.filter(({ base }) => base !== null),
  );
  const based = new Map(edits.map((edit) => [edit.key, edit]));
  return withOwnBefore(
    context,
    entries.map((entry) => based.get(entry.key) ?? entry),
    found,
  );
}

/** Keys of those whose repeat was refused, while their first request may still be carried out. */
async function refusedBefore(
  { mirror }: Pick<SyncContext, 'mirror'>,
  entries: readonly OutboxEntry[],
): Promise<ReadonlySet<string>> {
  const refused = entries.filter(isRefusedRepeat);
  if (refused.length === 0) return new Set();
  const lost = await lostKeys(mirror.outbox);
  return new Set(refused.flatMap(({ key }) => (lost.has(key) ? [key] : [])));
}

/** Before they are stored: told twice is better than never. */
export async function recordConflicts(
  { mirror }: Pick<SyncContext, 'mirror'>,
  entries: readonly OutboxEntry[],
  settlements: ReadonlyMap<string, Settlement>,
  { runId, at }: { runId: string; at: number },
): Promise<void> {
  const lines = entries.flatMap(({ key, contactKey, contactId }) => {
    const settlement = settlements.get(key);
    if (settlement?.state !== 'conflict') return [];
    return [`${settlement.contactId ?? contactId ?? contactKey}: ${settlement.errors[0]?.message ?? ''}`];
  });
  if (lines.length === 0) return;
  const step = { name: 'conflicts', startedAt: at, finishedAt: at, counts: {}, note: lines.join('\n') };
  await mirror.commit({ effects: [{ kind: 'add-step', runId, step }] });
}

function settlementOf(
  entry: OutboxEntry,
  found: FoundContact,
  fields: ReadonlyMap<string, Field>,
  { at, now }: { at: number; now: number | null },
): Settlement {
  const { key } = entry;
  const verdict = doubtVerdict(entry, found, fields, now);
  // The answers that gave it have whole seconds.
  const lostBefore = now === null ? undefined : now + 1_000;
  switch (verdict.kind) {
    case 'as-sent':
      return { key, state: 'done', contactId: verdict.id, created: verdict.created, lostBefore, at };
    case 'untouched':
      return { key, state: 'pending', errors: [], lostBefore, at };
    case 'changed': {
      const { message, fields: changed } = verdict;
      const errors = [{ code: 'CONFLICT', message, fields: changed }];
      const base = baseFound(entry, found);
      const knownTo = lostBefore ?? null;
      return { key, state: 'conflict', errors, contactId: verdict.id, base, knownTo, lostBefore, at };
    }
  }
}
