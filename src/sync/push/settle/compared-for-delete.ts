import type { SyncContext } from '../../context.ts';

/** Names of the fields whose change by somebody else speaks against a delete. */
export async function comparedForDelete({ mirror }: Pick<SyncContext, 'mirror'>): Promise<string[]> {
  const fields = (await mirror.schema.fields()).filter(
    ({ updateable, vanished, current, unfilled }) => updateable && !vanished && current && !unfilled,
  );
  return fields.map(({ name }) => name);
}
