import type { PushError } from '../contract/push.ts';
import type { Person } from '../sync/ports/contact-reader.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { RecordError } from '../sync/ports/record-writes.ts';

/** The Ids that errors name. */
export function matchedIn(errors: readonly RecordError[]): string[] {
  return errors.flatMap(({ duplicates = [] }) => duplicates);
}

/** Errors as surfaces tell them, with who the contacts are that a record is a duplicate of, as far as that is known. */
export function tellMatched(errors: readonly RecordError[], known: ReadonlyMap<string, Person>): PushError[] {
  return errors.map(({ duplicates = [], ...error }) => ({
    ...error,
    duplicates: duplicates.map((id) => {
      const { name, email } = known.get(id) ?? { name: null, email: null };
      return { id, name, email };
    }),
  }));
}

/** Who these contacts are, by Id; nobody where nobody is asked for. */
export async function peopleById(
  mirrors: Pick<Mirrors, 'read'>,
  instanceUrl: string,
  ids: readonly string[],
): Promise<Map<string, Person>> {
  if (ids.length === 0) return new Map();
  await using reader = await mirrors.read(instanceUrl);
  return reader.people([...new Set(ids)]);
}
