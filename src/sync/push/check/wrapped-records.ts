import { NumberText } from '../../../base/number-text.ts';
import type { SyncedObject } from '../../../org/synced-object.ts';
import type { StagingFault } from '../../ports/outbox-staging.ts';

/** A GraphQL answer of Salesforce has its list in the fifth. */
const deepest = 6;
const longestPath = 200;
/** What holds the record itself in each object of a list: in a composite request or answer, in GraphQL. */
const holders = ['body', 'node'] as const;

/**
 * The fault of an object that is no record and holds a list of objects, as the answers of most APIs do: whose list it
 * is, the user knows. `field` is the path to the list as jq writes it, its first dot left out. Null where there is no
 * such list.
 */
export function wrappedRecords(
  fields: Readonly<Record<string, unknown>>,
  { nouns }: SyncedObject,
): StagingFault | null {
  const found = listIn(fields, '', 1);
  if (found === null || found.path.length > longestPath) return null;
  const { path, length } = found;
  const count = length === 1 ? 'an object' : `${length.toLocaleString('en-US')} objects`;
  return {
    field: path.replace(/^\./, ''),
    code: 'WRAPPED_RECORDS',
    message: `The record has no field of ${nouns.anyOne}, and holds a list of ${count} here.`,
  };
}

function listIn(members: object, path: string, depth: number): { path: string; length: number } | null {
  for (const [name, value] of Object.entries(members)) {
    const here = path + step(name);
    if (Array.isArray(value) && isObject(value[0]))
      return { path: here + within(value[0]), length: value.length };
    const below = isObject(value) && depth < deepest ? listIn(value, here, depth + 1) : null;
    if (below !== null) return below;
  }
  return null;
}

function within(element: object): string {
  const holder = holders.find((name) => isObject((element as Record<string, unknown>)[name]));
  return holder === undefined ? '' : `[].${holder}`;
}

function step(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function isObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  );
}
