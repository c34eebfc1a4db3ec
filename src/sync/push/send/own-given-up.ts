import { fullId, sameId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { EditedContact } from '../../two-way/plan-edit.ts';
import { surelySame } from '../values/same-value.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * Those of the edits whose contacts have values that an earlier entry was to write, which a request without an answer may have
 * carried before it was refused or a person gave it up: based on them, for nobody else need have written them.
 */
export async function basedOnGivenUp(
  { mirror }: Pick<SyncContext, 'mirror'>,
  edits: readonly OutboxEntry[],
  { found, fields }: { found: ReadonlyMap<string, EditedContact>; fields: ReadonlyMap<string, Field> },
): Promise<OutboxEntry[]> {
  const live = edits.filter(({ contactId }) => found.get(contactId ?? '')?.kind === 'live');
  if (live.length === 0) return [];
  const ids = [...new Set(live.map(({ contactId }) => fullId(contactId as string)))];
  const lost = await mirror.outbox.lostOf(ids);
  if (lost.length === 0) return [];
  const done = await mirror.outbox.doneOf(ids);
  return live.flatMap((edit) => {
    const { values } = found.get(edit.contactId as string) as Extract<EditedContact, { kind: 'live' }>;
    const before = (name: string) => (entry: OutboxEntry) =>
      entry.seq < edit.seq &&
      sameId(entry.contactId as string, edit.contactId as string) &&
      name in entry.changes;
    const isOwn = (name: string) => {
      // What was written behind it has been there since.
      const last = done.findLast(before(name));
      return lost
        .filter(before(name))
        .some(
          ({ seq, changes }) =>
            seq > (last?.seq ?? -1) && surelySame(changes[name], values[name], fields.get(name)),
        );
    };
    const own = Object.entries(values).filter(
      ([name]) => (edit.op === 'delete' || name in edit.changes) && isOwn(name),
    );
    return own.length === 0
      ? []
      : [{ ...edit, base: { ...edit.base, ...(Object.fromEntries(own) as Values) } }];
  });
}
