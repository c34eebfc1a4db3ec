import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import { contradiction, mostRounds } from '../../read-or-confirm.ts';
import { planEdit, shown } from '../../two-way/plan-edit.ts';
import { isDecidedPush } from '../entry/is-decided-push.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { baseFound } from '../settle/base-found.ts';
import type { FoundContact } from '../settle/doubt-verdict.ts';
import { orgNow } from '../settle/org-now.ts';
import { readByFields, readDoubts } from '../settle/read-doubts.ts';
import { recordConflicts } from '../settle/settle-doubts.ts';
import { surelySame } from '../values/same-value.ts';
import { basedOnRead } from './check-edits.ts';

export interface Checked {
  /** What is to be sent, with what is left of it. */
  left: OutboxEntry[];
  /** What waits for a person. */
  conflicts: OutboxEntry[];
}

interface Options {
  signal: AbortSignal;
}

/**
 * Reads the contacts of pushes that a person has decided for, right before they are sent: the decision holds for what Salesforce
 * had when their conflict was found. Where somebody else has written since it is a conflict again, with the values in the run's
 * record, whatever the org's policy is, for that is of edits. A contact that is gone has nothing that could be overwritten, and
 * Salesforce says so itself; an upsert would make it anew. Throws where Salesforce cannot be asked.
 */
export async function checkDecided(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  progress: DrainProgress,
  { signal }: Options,
): Promise<Checked> {
  const chosen = entries.filter(isDecidedPush);
  if (chosen.length === 0) return { left: [...entries], conflicts: [] };
  const decided = await basedOnRead(context, chosen, { run: progress.run, signal });
  const { fields, found } = await readByFields(context, decided, { signal }, (options) =>
    readContacts(context, decided, options),
  );
  const at = context.clock.now();
  const now = orgNow(context);
  // As for doubts: the answers that gave it have whole seconds.
  const knownTo = now === null ? null : now + 1_000;
  const settlements = new Map<string, Settlement>();
  for (const entry of decided) {
    const contact = found.get(entry.key);
    const met = contact === undefined ? null : metSince(entry, contact, fields);
    if (contact === undefined || met === null) continue;
    const { key } = entry;
    const errors = [{ code: 'CONFLICT', ...met }];
    const base = baseFound(entry, contact);
    settlements.set(key, { key, state: 'conflict', errors, contactId: contact.id, base, knownTo, at });
  }
  if (settlements.size === 0) return { left: [...entries], conflicts: [] };
  await recordConflicts(context, decided, settlements, { runId: progress.runId, at });
  await context.mirror.outbox.settle([...settlements.values()]);
  const conflicts = decided.filter(({ key }) => settlements.has(key));
  for (const entry of conflicts) progress.count(entry, settlements.get(entry.key)!);
  context.log.warn(
    `${context.remote.instanceUrl}: ${conflicts.length === 1 ? '1 contact was' : `${conflicts.length} contacts were`} changed in Salesforce once more since its conflict was found; see \`parahack-sync outbox list --conflicts\``,
  );
  return { left: entries.filter(({ key }) => !settlements.has(key)), conflicts };
}

/** By the names that the requests have for them: an upsert meets whoever has its value by now. */
async function readContacts(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  options: Options & { fields: ReadonlyMap<string, Field> },
): Promise<Map<string, FoundContact>> {
  const found = new Map<string, FoundContact>();
  let open = entries
    .filter(({ upsertField }) => upsertField === null || options.fields.has(upsertField))
    .map((entry) => (entry.upsertField === null ? entry : { ...entry, contactId: null }));
  for (let round = 1; open.length > 0; round++) {
    if (round > mostRounds) throw contradiction(open.map(({ key, contactId }) => contactId ?? key));
    for (const [key, contact] of await readDoubts(context, open, options)) found.set(key, contact);
    // One that a retrieve does not give and queryAll calls live was shown again in between.
    open = open.filter(({ key }) => !found.has(key));
  }
  return found;
}

/** What somebody else has written since the conflict was found; null where nothing. */
function metSince(
  entry: OutboxEntry,
  found: FoundContact,
  fields: ReadonlyMap<string, Field>,
): { message: string; fields: string[] } | null {
  const { IsDeleted: wasGone, ...base } = entry.base ?? {};
  if (found.kind === 'gone') {
    if (entry.upsertField === null || wasGone === true) return null;
    const message = `The contact was deleted in Salesforce since its conflict was found, is not shown to this user, or has another ${entry.upsertField} by now.`;
    return { message, fields: [] };
  }
  const { [entry.upsertField ?? '']: _name, ...changes } = entry.changes;
  const plan = planEdit(
    { ...entry, base, changes, op: entry.op === 'delete' ? 'delete' : 'update' },
    { kind: 'live', id: found.id, values: found.values, isAsMade: false },
    { policy: 'manual', fields, isSame: surelySame },
  );
  if (plan.kind !== 'conflict') return null;
  const told = plan.fields.map((name) => {
    const theirs = `${name} is ${shown(found.values[name])}`;
    return entry.op === 'delete' ? theirs : `${theirs} and was to be ${shown(changes[name])}`;
  });
  const message = `The contact was changed in Salesforce since its conflict was found: ${told.join('; ')}.`;
  return { message, fields: plan.fields };
}
