import type { PushRecord } from '../../app/contract/push.ts';
import { AppError } from '../../base/errors.ts';
import { positionOf } from './input-text.ts';
import { createJsonScanner, JsonFault } from './json-scanner.ts';
import { ownRejectColumns } from './reject-columns.ts';

/**
 * Records of a JSON object, a JSON array of objects, or objects one after the other (NDJSON, and what `jq`
 * prints). Throws AppError `INVALID_INPUT` with the line and column of the first fault.
 */
export function parseJsonRecords(text: string, source: string): PushRecord[] {
  const scanner = createJsonScanner(text);
  const lines = createLineCounter(text);
  const records: PushRecord[] = [];
  const add = (start: number, end: number) => {
    const index = records.length;
    records.push({
      source,
      index,
      line: lines(start),
      fields: recordOf(text.slice(start, end)),
      untyped: false,
    });
  };
  try {
    let at = scanner.skipSpace(0);
    if (text[at] === '[') {
      at = scanner.skipSpace(eachElement(text, at, add, scanner));
      if (at < text.length) throw new JsonFault(at, 'something follows the end of the array');
      return records;
    }
    while (at < text.length) {
      if (text[at] !== '{') throw notAnObject(at);
      const end = scanner.endOfValue(at);
      add(at, end);
      at = scanner.skipSpace(end);
    }
    return records;
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { line, column } = positionOf(text, error.offset);
    throw new AppError('INVALID_INPUT', `${source}, line ${line}, column ${column}: ${error.message}.`, {
      hint: 'Nothing was sent. Mend the input; contacts are JSON objects, an array of them, or one a line.',
      details: { source, line, column },
      cause: error,
    });
  }
}

function eachElement(
  text: string,
  open: number,
  add: (start: number, end: number) => void,
  scanner: ReturnType<typeof createJsonScanner>,
): number {
  let at = scanner.skipSpace(open + 1);
  if (text[at] === ']') return at + 1;
  for (;;) {
    const end = scanner.endOfValue(at);
    if (text[at] !== '{') throw notAnObject(at);
    add(at, end);
    at = scanner.skipSpace(end);
    if (text[at] === ']') return at + 1;
    if (text[at] !== ',') {
      throw new JsonFault(
        at,
        at >= text.length ? 'the array does not end' : 'a comma or "]" should stand here',
      );
    }
    at = scanner.skipSpace(at + 1);
  }
}

function notAnObject(offset: number): JsonFault {
  return new JsonFault(offset, 'a contact should begin here, as a JSON object');
}

/** `attributes` is what Salesforce's own answers add to a record; the rest is what our rejects files add. */
function recordOf(json: string): Record<string, unknown> {
  const fields = JSON.parse(json) as Record<string, unknown>;
  const { attributes, ...rest } = fields;
  const record = attributes !== null && typeof attributes === 'object' ? rest : fields;
  for (const column of ownRejectColumns) delete record[column];
  return record;
}

/** Counts on from the last asked offset, so that a million records do not count from the top each. */
function createLineCounter(text: string): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    for (let at = text.indexOf('\n', counted); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
      line++;
      counted = at + 1;
    }
    return line;
  };
}
