import { fullId, sameId } from '../../../org/record-id.ts';
import { confirmGone } from '../../confirm-gone.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { EditDecision, OutboxEntry } from '../../ports/outbox-entry.ts';
import type { Tombstone } from '../../ports/page.ts';
import type { RecordError } from '../../ports/record-writes.ts';
import { contradiction, mostRounds } from '../../read-or-confirm.ts';
import { type EditedContact, type EditPlan, isBaseKnown, planEdit, shown } from '../../two-way/plan-edit.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { readBackOf } from '../read-back/read-back.ts';
import { basedOnOwn } from '../settle/based-on-own.ts';
import { comparedForDelete } from '../settle/compared-for-delete.ts';
import { orgNow } from '../settle/org-now.ts';
import { readByFields, retrieveRecords } from '../settle/read-doubts.ts';
import { surelySame } from '../values/same-value.ts';
import { basedOnLost } from './based-on-lost.ts';

type Rec = Record<string, unknown>;

interface CheckOptions {
  signal: AbortSignal;
}

/**
 * An edit that a program has made by SQL. One that a request may have carried is so again: what was committed since may
 * bear a stamp from before that request, which tells nothing of its having been seen.
 */
function isEdit({ local, op, state }: OutboxEntry): boolean {
  return local && op !== 'create' && state === 'pending';
}

/**
 * Reads the contacts of edits right before these are sent, and leaves out what would undo another's work, by the org's
 * policy. `left`: the entries that are to be sent, with what is left of them; `conflicts`: those that wait for a person.
 * What was decided is stored, and lost values are in the run's record. Throws where Salesforce cannot be asked.
 */
export async function checkEdits(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  progress: DrainProgress,
  options: CheckOptions,
): Promise<{ left: OutboxEntry[]; conflicts: OutboxEntry[] }> {
  if (!entries.some(isEdit)) return { left: [...entries], conflicts: [] };
  const edits = await basedOnRead(context, entries.filter(isEdit), {
    run: progress.run,
    signal: options.signal,
  });
  const now = orgNow(context);
  // As for doubts: the answers that gave it have whole seconds.
  const lookedAt = now === null ? null : now + 1_000;
  const { fields, found } = await readByFields(context, edits, options, (by) =>
    readContacts(context, edits, by),
  );
  const { conflicts: policy } = await context.mirror.twoWay();
  const planOf = (edit: OutboxEntry) =>
    planEdit(edit, found.get(edit.contactId ?? '') ?? { kind: 'gone', isStated: false }, {
      policy,
      fields,
      isSame: surelySame,
    });
  const plans = new Map(edits.map((edit) => [edit.key, planOf(edit)]));
  const disputed = edits.filter(({ key }) => isDisputed(plans.get(key)!));
  for (const edit of await basedOnLost(context, disputed, { found, fields }))
    plans.set(edit.key, planOf(edit));
  const decisions = edits.flatMap((edit) => decisionOf(edit, plans.get(edit.key)!, lookedAt));
  const lines = edits.flatMap((edit) =>
    linesOf(edit, plans.get(edit.key)!).map((text) => ({ key: edit.key, text })),
  );
  const record = { runId: progress.runId, step: 'conflicts', lines };
  const taken = new Set(await context.mirror.outbox.decideEdits(decisions, record, context.clock.now()));
  const decided = new Map(decisions.map((decision) => [decision.key, decision]));
  const left = entries.flatMap((entry) => {
    const plan = plans.get(entry.key);
    const decision = decided.get(entry.key);
    if (plan === undefined) return [entry];
    // A program has edited it again meanwhile, or a person has given it up.
    if (decision !== undefined && !taken.has(entry.key)) return [];
    if (plan.kind === 'send') return [{ ...entry, changes: { ...plan.changes }, contactId: plan.id }];
    progress.countDecided(plan.kind);
    return [];
  });
  const conflicts = edits.filter(({ key }) => plans.get(key)?.kind === 'conflict');
  if (lines.length > 0) {
    const who = lines.length === 1 ? '1 contact was' : `${lines.length} contacts were`;
    const waits = conflicts.length === 0 ? '' : ', `parahack-sync outbox list --conflicts` shows what waits';
    context.log.warn(
      `${context.remote.instanceUrl}: ${who} changed here and in Salesforce; \`parahack-sync runs show ${progress.runId.slice(0, 8)}\` tells what became of each value${waits}`,
    );
  }
  return { left, conflicts };
}

/** Whether something of the contact is not what the edit was based on. */
function isDisputed(plan: EditPlan): boolean {
  return plan.kind === 'conflict' || plan.kind === 'drop' || (plan.kind === 'send' && plan.lost.length > 0);
}

/** The edits, based on what has become of our own writes before them: those are read back first. */
export async function basedOnRead(
  context: SyncContext,
  edits: readonly OutboxEntry[],
  options: Parameters<typeof readBackOf>[2],
): Promise<OutboxEntry[]> {
  const ids = new Set(edits.flatMap(({ contactId }) => (contactId === null ? [] : [fullId(contactId)])));
  await readBackOf(context, ids, options);
  return basedOnOwn(context, edits);
}

/** By the Id that the edits name. What retrieve does not show is deleted, merged, purged or hidden. */
async function readContacts(
  context: SyncContext,
  edits: readonly OutboxEntry[],
  options: CheckOptions & { fields: ReadonlyMap<string, Field> },
): Promise<Map<string, EditedContact>> {
  const names = new Set(['Id']);
  for (const edit of edits) {
    for (const name of Object.keys(edit.changes)) names.add(name);
    const isKnown =
      edit.op === 'delete'
        ? edit.base !== null
        : Object.keys(edit.changes).every((name) => isBaseKnown(edit, name));
    if (!isKnown) for (const name of makingFields) names.add(name);
    if (edit.op === 'delete') for (const name of await comparedForDelete(context)) names.add(name);
  }
  const ids = [...new Set(edits.flatMap(({ contactId }) => (contactId === null ? [] : [fullId(contactId)])))];
  const { rows, gone } = await readSurvivors(context, ids, [...names], options);
  const unknown = ids.filter((id) => gone.get(id)?.gone === 'purged');
  const known = await context.mirror.contacts.states(unknown);
  const found = new Map<string, EditedContact>();
  for (const id of ids) {
    const last = survivorOf(id, gone);
    const row = rows.get(last);
    if (row === undefined) {
      const said = gone.get(id)?.gone;
      const stated = said === 'purged' ? known.get(id)?.gone : said;
      found.set(id, {
        kind: 'gone',
        isStated: stated !== undefined && stated !== null && stated !== 'hidden',
      });
    } else if (last !== id) found.set(id, { kind: 'merged', id: last, values: row });
    else found.set(id, { kind: 'live', id, values: row, isAsMade: isAsMade(row, context.remote.userId) });
  }
  return found;
}

/** How often what a contact was merged into may itself have been merged since; what goes further counts as gone. */
const mostMerges = 20;

interface Found {
  rows: Map<string, Rec>;
  /** Of those that were asked for and have no row. */
  gone: Map<string, Tombstone>;
}

/** These contacts, and those into which some of them were merged, at last. */
async function readSurvivors(
  context: SyncContext,
  ids: readonly string[],
  names: readonly string[],
  options: CheckOptions & { fields: ReadonlyMap<string, Field> },
): Promise<Found> {
  const all: Found = { rows: new Map(), gone: new Map() };
  let asked = [...ids];
  for (let merges = 0; asked.length > 0 && merges <= mostMerges; merges++) {
    const { rows, gone } = await readOrBury(context, asked, names, options);
    for (const [id, row] of rows) all.rows.set(id, row);
    for (const [id, tombstone] of gone) all.gone.set(id, tombstone);
    const masters = [...gone.values()].flatMap(({ masterRecordId }) =>
      masterRecordId === null ? [] : [fullId(masterRecordId)],
    );
    asked = [...new Set(masters)].filter((id) => !all.rows.has(id) && !all.gone.has(id));
  }
  return all;
}

/**
 * What retrieve does not show queryAll tells of; what that shows as live, because it was restored or shown again in
 * between, is read once more. Throws `PAGE_INCOMPLETE` where the two go on to contradict each other.
 */
async function readOrBury(
  context: SyncContext,
  ids: readonly string[],
  names: readonly string[],
  options: CheckOptions & { fields: ReadonlyMap<string, Field> },
): Promise<Found> {
  const rows = new Map<string, Rec>();
  const gone = new Map<string, Tombstone>();
  let open = ids;
  for (let round = 1; open.length > 0; round++) {
    if (round > mostRounds) throw contradiction(open);
    for (const [id, row] of await retrieveRecords(context, open, names, options)) rows.set(id, row);
    const missing = open.filter((id) => !rows.has(id));
    const { tombstones, live } = await confirmGone(context, missing, options);
    for (const tombstone of tombstones) gone.set(tombstone.id, tombstone);
    open = live;
  }
  return { rows, gone };
}

function survivorOf(id: string, gone: ReadonlyMap<string, Tombstone>): string {
  let last = id;
  for (let merges = 0; merges < mostMerges; merges++) {
    const master = gone.get(last)?.masterRecordId ?? null;
    if (master === null) break;
    last = fullId(master);
  }
  return last;
}

/** They say who made a record and who changed it last, to the second. */
const makingFields = ['CreatedById', 'CreatedDate', 'LastModifiedById', 'LastModifiedDate'] as const;

/**
 * Whether nobody has changed the contact since this user made it, as far as its audit fields say: what the same user
 * changes in the very second passes.
 */
function isAsMade(row: Rec, userId: string): boolean {
  const [madeBy, madeAt, changedBy, changedAt] = makingFields.map((name) => row[name]);
  return (
    typeof madeBy === 'string' &&
    typeof madeAt === 'string' &&
    sameId(madeBy, userId) &&
    changedBy === madeBy &&
    changedAt === madeAt
  );
}

/** What has to be stored of a plan, by the org's time of the look; nothing where the edit is sent as it is. */
function decisionOf(
  { key, changes, contactId }: OutboxEntry,
  plan: EditPlan,
  lookedAt: number | null,
): EditDecision[] {
  switch (plan.kind) {
    case 'send': {
      const isWhole = Object.keys(plan.changes).length === Object.keys(changes).length;
      if (isWhole && plan.id === contactId) return [];
      return [{ key, kind: 'amend', changes: { ...plan.changes }, contactId: plan.id }];
    }
    case 'done':
      return [{ key, kind: 'done', contactId: plan.id }];
    case 'drop':
      return [
        {
          key,
          kind: 'drop',
          errors: [
            conflictError(
              plan.reason,
              plan.lost.map(({ field }) => field),
            ),
          ],
        },
      ];
    case 'reject':
      return [{ key, kind: 'reject', errors: [{ code: plan.code, message: plan.reason, fields: [] }] }];
    case 'conflict':
      return [
        {
          key,
          kind: 'conflict',
          contactId: plan.id,
          base: { ...plan.base },
          knownTo: lookedAt,
          errors: [conflictError(plan.reason, plan.fields)],
        },
      ];
  }
}

function conflictError(message: string, fields: string[]): RecordError {
  return { code: 'CONFLICT', message, fields };
}

/** For the run's record: whose value is lost is told nowhere else. */
function linesOf({ contactId, contactKey, op }: OutboxEntry, plan: EditPlan): string[] {
  const who = contactId ?? contactKey;
  switch (plan.kind) {
    case 'done':
      return [];
    case 'send':
    case 'drop': {
      const isMoved = plan.kind === 'send' && plan.id !== contactId;
      if (plan.kind === 'send' && plan.lost.length === 0 && !isMoved) return [];
      const values = plan.lost.map(({ field, side, value, by }) =>
        side === 'local'
          ? `${field} ${shown(value)} from here is dropped${by === undefined ? '' : ` for ${shown(by)}`}`
          : `${field} ${shown(value)} from Salesforce is to be replaced by ${op === 'delete' ? 'the deletion' : shown(by)}`,
      );
      const told = [...(isMoved ? [`it was merged into ${plan.id}, which takes the edit`] : []), ...values];
      const reason = plan.kind === 'drop' ? ` ${plan.reason}` : '';
      return [`${who}:${reason} ${told.join('; ')}${told.length > 0 ? '.' : ''}`.trim()];
    }
    case 'reject':
    case 'conflict':
      return [`${who}: ${plan.reason}`];
  }
}
