import { AppError } from '../base/errors.ts';
import type { HeaderAlone, PushRecord } from '../contract/push.ts';
import type { SyncContext } from '../sync/context.ts';

type Asked = Pick<SyncContext, 'object'> & {
  readonly mirror: { readonly schema: Pick<SyncContext['mirror']['schema'], 'fields'> };
};

/**
 * The batches as they come. Behind the last of them the headers are looked at that had no record below: one without the
 * name of any field is no header, but what a failed command left behind, say. Throws `INVALID_INPUT` of it. The org has been
 * asked for its fields by then.
 */
export async function* withKnownHeaders(
  records: AsyncIterable<readonly PushRecord[]>,
  headers: () => readonly HeaderAlone[],
  { object, mirror }: Asked,
): AsyncGenerator<readonly PushRecord[]> {
  yield* records;
  const unsure = headers().filter(({ isKnown }) => !isKnown);
  if (unsure.length === 0) return;
  const fields = new Set((await mirror.schema.fields()).map(({ name }) => name.toLowerCase()));
  const strange = unsure.find(({ names }) => !names.some((name) => isField(name, fields)));
  if (strange !== undefined) throw noHeader(strange, object.name);
}

/** The parent's own fields, as of `Account.Name`, are not asked for: the form will do. */
function isField(name: string, fields: ReadonlySet<string>): boolean {
  return fields.has(name.toLowerCase()) || /^\w+\.\w+$/.test(name);
}

function noHeader({ source, line, names }: HeaderAlone, object: string): AppError {
  const shown = names
    .slice(0, 5)
    .map((name) => `"${name.slice(0, 40)}"`)
    .join(', ');
  const more = names.length > 5 ? ', …' : '';
  return new AppError(
    'INVALID_INPUT',
    `${source}, line ${line}: ${object} has no field ${names.length === 1 ? '' : 'of any name in '}${shown}${more}, and there is no record below that line.`,
    {
      hint: `Nothing was sent. Give contacts as JSON objects, an array of them, or CSV with a header line that names a field of ${object} for each column, as FirstName,LastName,Email; --map reads other names.`,
      details: { source, line, column: null, index: null },
    },
  );
}
