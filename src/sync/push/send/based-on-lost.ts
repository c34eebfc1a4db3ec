import { sameId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { mayHaveWritten } from '../../two-way/own-writes.ts';
import type { EditedContact } from '../../two-way/plan-edit.ts';
import { contactIdsOf } from '../settle/based-on-own.ts';
import { surelySame } from '../values/same-value.ts';

type Values = Readonly<Record<string, unknown>>;

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
  const ids = contactIdsOf(live);
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
