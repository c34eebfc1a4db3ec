import { JsonFault } from './json-fault.ts';
import type { JsonText } from './json-text.ts';
import { readJsonValue } from './json-value.ts';

/** What stands beside the records in answers of a query, in what `sf … --json` prints and in requests to Salesforce. */
const besideRecords = new Set([
  'totalSize',
  'done',
  'size',
  'queryLocator',
  'entityTypeName',
  'nextRecordsUrl',
  'status',
  'warnings',
  'allOrNone',
]);

/** An object that holds contacts and is none. */
export interface Answer {
  /** Where the array of records begins, or the object that holds it. */
  at: number;
  /** What stands before it. */
  members: Map<string, unknown>;
}

/**
 * Whether the object that begins at `json.at` holds records in place of fields: null where it does not. Takes
 * nothing, so that the object can still be read as a contact, which may have a column `status` of its own.
 */
export async function lookIntoObject(json: JsonText): Promise<Answer | null> {
  if (beginsWithField(json)) return null;
  const members = new Map<string, unknown>();
  let at = await json.skipSpace(json.at + 1);
  for (;;) {
    const name = await nameAt(json, at);
    if (name === null) return null;
    at = name.valueAt;
    const first = json.text[at];
    if (name.name === 'records' && first === '[') return { at, members };
    if (name.name === 'result' && (first === '[' || first === '{')) return { at, members };
    if (!besideRecords.has(name.name)) return null;
    const end = await json.endOfValue(at);
    members.set(name.name, valueAt(json, at, end));
    at = await json.skipSpace(end);
    if (json.text[at] !== ',') return null;
    at = await json.skipSpace(at + 1);
  }
}

const firstName = /\{[ \t\r\n]*"(\w+)"/y;

/** Sees most contacts at their first member, without waiting for more. */
function beginsWithField({ text, at }: JsonText): boolean {
  firstName.lastIndex = at;
  const name = firstName.exec(text)?.[1];
  return name !== undefined && name !== 'records' && name !== 'result' && !besideRecords.has(name);
}

/**
 * Takes the rest of an answer whose records have been taken. Answers the number of records that it says to hold, null
 * where it does not. Throws `INVALID_INPUT` where the answer is but a part.
 */
export async function endAnswer(json: JsonText, { members }: Answer): Promise<number | null> {
  refusePart(json, members);
  json.take(await json.skipSpace(json.at));
  while (json.text[json.at] === ',') {
    const at = await json.skipSpace(json.at + 1);
    const name = await nameAt(json, at);
    if (name === null) throw json.fault(at, 'a name in double quotes and a colon should stand here');
    if (!besideRecords.has(name.name)) {
      throw json.fault(
        at,
        `"${name.name.slice(0, 80)}" stands beside the records, and no answer of Salesforce has it there`,
      );
    }
    const end = await json.endOfValue(name.valueAt);
    members.set(name.name, valueAt(json, name.valueAt, end));
    refusePart(json, members);
    json.take(await json.skipSpace(end));
  }
  if (json.text[json.at] !== '}') throw json.fault(json.at, 'a comma or "}" should stand behind the records');
  json.take(json.at + 1);
  const total = members.get('totalSize');
  return typeof total === 'number' ? total : null;
}

/** A query's answer has 2,000 records at most; the others are asked for by `nextRecordsUrl`. */
export function refusePart(json: JsonText, members: Map<string, unknown>): void {
  if (members.get('done') !== false && typeof members.get('nextRecordsUrl') !== 'string') return;
  throw json.fault(
    json.at,
    'this is the first part of an answer ("done": false), and the rest of its records is not here',
  );
}

/** The member's name at `at` and where its value begins; null where there is none (the reader tells why). */
async function nameAt(json: JsonText, at: number): Promise<{ name: string; valueAt: number } | null> {
  if (json.text[at] !== '"') return null;
  const end = await json.endOfValue(at);
  const name = valueAt(json, at, end);
  const colon = await json.skipSpace(end);
  if (typeof name !== 'string' || json.text[colon] !== ':') return null;
  return { name, valueAt: await json.skipSpace(colon + 1) };
}

function valueAt(json: JsonText, at: number, end: number): unknown {
  try {
    const read = readJsonValue(json.text.slice(0, end), at);
    return read.end === end ? read.value : undefined;
  } catch (error) {
    if (error instanceof JsonFault) throw json.fault(error.offset, error.message);
    throw error;
  }
}
