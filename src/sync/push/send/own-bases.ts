import { fullId, sameId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { baseNow, firstPoint, mayHaveWritten } from '../../two-way/own-writes.ts';
import type { EditedContact } from '../../two-way/plan-edit.ts';
import { surelySame } from '../values/same-value.ts';

type Values = Readonly<Record<string, unknown>>;

/** The edits, based on what this outbox has written to their contacts since their bases were taken. */
export async function basedOnOwn(
  { mirror }: Pick<SyncContext, 'mirror'>,
  edits: readonly OutboxEntry[],
): Promise<OutboxEntry[]> {
  const since = Math.min(...edits.map(firstPoint));
  if (!Number.isFinite(since)) return [...edits];
  const writes = await mirror.outbox.ownWritesSince(idsOf(edits), since);
  if (writes.length === 0) return [...edits];
  const ofContact = Map.groupBy(writes, ({ contactId }) => fullId(contactId));
  return edits.map((edit) => {
    const own = edit.contactId === null ? undefined : ofContact.get(fullId(edit.contactId));
    return own === undefined ? edit : { ...edit, base: baseNow(edit, own) };
  });
}

/**
 * Those of the edits whose contacts have values that an earlier request without an answer may have written, whatever has become of
 * its entry: based on them, for nobody else need have written them.
 */
export async function basedOnLost(
  { mirror }: Pick<SyncContext, 'mirror'>,
  edits: readonly OutboxEntry[],
  { found, fields }: { found: ReadonlyMap<string, EditedContact>; fields: ReadonlyMap<string, Field> },
): Promise<OutboxEntry[]> {
  const live = edits.filter(({ contactId }) => found.get(contactId ?? '')?.kind === 'live');
  if (live.length === 0) return [];
  const ids = idsOf(live);
  const lost = await mirror.outbox.lostWritesOf(ids);
  if (lost.length === 0) return [];
  const done = await mirror.outbox.doneOf(ids);
  return live.flatMap((edit) => {
    const { values } = found.get(edit.contactId as string) as Extract<EditedContact, { kind: 'live' }>;
    const isOf = ({ contactId }: Pick<OutboxEntry, 'contactId'>) =>
      sameId(contactId as string, edit.contactId as string);
    const isOwn = (name: string) => {
      // What was written behind it has been there since, whether before the edit or not.
      const last = done.findLast((entry) => isOf(entry) && name in entry.changes);
      return mayHaveWritten(edit, name, {
        lost: lost.filter(isOf),
        done: last?.seq ?? -1,
        isSame: (value) => surelySame(value, values[name], fields.get(name)),
      });
    };
    const own = Object.entries(values).filter(
      ([name]) => (edit.op === 'delete' || name in edit.changes) && isOwn(name),
    );
    return own.length === 0
      ? []
      : [{ ...edit, base: { ...edit.base, ...(Object.fromEntries(own) as Values) } }];
  });
}

function idsOf(edits: readonly OutboxEntry[]): string[] {
  return [...new Set(edits.flatMap(({ contactId }) => (contactId === null ? [] : [fullId(contactId)])))];
}
