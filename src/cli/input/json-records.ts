import type { PushRecord, RecordNote } from '../../contract/push.ts';
import { endAnswer, lookIntoObject, refusePart } from './json-answer.ts';
import { JsonFault, unexpected } from './json-fault.ts';
import { createJsonText, type JsonText } from './json-text.ts';
import { readJsonValue } from './json-value.ts';
import { namedTwice, otherObject, twoValues } from './record-notes.ts';
import type { RecordsOptions } from './records-options.ts';
import { type OwnRejectColumn, ownRejectColumn, takeOwnColumn } from './reject-columns.ts';
import { setMember } from './set-member.ts';

type Batches = AsyncGenerator<PushRecord[], void, undefined>;

/** So many at a time are handed on. */
const batchRecords = 100;

/**
 * Records of a JSON object, a JSON array of objects, or objects one after the other (NDJSON, and what `jq` prints);
 * the answer of a query, or what `sf … --json` prints, stands for its records. Throws AppError `INVALID_INPUT` with
 * line, column and record of the first fault.
 */
export async function* jsonRecords(texts: AsyncIterable<string>, options: RecordsOptions): Batches {
  const json = createJsonText(texts, options.source);
  const records = createRecordReader(json, options);
  json.take(await json.skipSpace(0));
  if (json.text[json.at] === '[') {
    yield* elements(json, records);
    await json.takeSpace();
    if (json.at < json.text.length) throw json.fault(json.at, 'something follows the end of the array');
  }
  while (json.at < json.text.length) {
    yield* oneObject(json, records, options, 0);
    await json.takeSpace();
  }
  yield records.flush();
}

/** A contact, or an answer that holds contacts; `sf` prints an answer around the one of Salesforce. */
async function* oneObject(
  json: JsonText,
  records: RecordReader,
  options: RecordsOptions,
  depth: number,
): Batches {
  const answer = json.text[json.at] === '{' && depth < 2 ? await lookIntoObject(json) : null;
  if (answer === null) {
    await records.read();
    if (records.ready) yield records.flush();
    return;
  }
  refusePart(json, answer.members);
  const before = records.count;
  json.take(answer.at);
  if (json.text[json.at] === '[') yield* elements(json, records);
  else yield* oneObject(json, records, options, depth + 1);
  const total = await endAnswer(json, answer);
  const found = records.count - before;
  if (total !== null && total !== found) options.notes.otherTotal(options.source, total, found);
}

async function* elements(json: JsonText, records: RecordReader): Batches {
  json.take(await json.skipSpace(json.at + 1));
  if (json.text[json.at] === ']') return json.take(json.at + 1);
  for (;;) {
    await records.read();
    if (records.ready) yield records.flush();
    await json.takeSpace();
    const char = json.text[json.at];
    if (char === ']') return json.take(json.at + 1);
    if (char !== ',') {
      const ended = char === undefined;
      throw json.fault(json.at, ended ? 'the array does not end' : 'a comma or "]" should stand here');
    }
    json.take(await json.skipSpace(json.at + 1));
  }
}

interface RecordReader {
  /** Takes the record that begins at `json.at`. */
  read(): Promise<void>;
  /** Records so far. */
  readonly count: number;
  /** Whether a batch is full. */
  readonly ready: boolean;
  flush(): PushRecord[];
}

function createRecordReader(json: JsonText, { source, map, notes }: RecordsOptions): RecordReader {
  let batch: PushRecord[] = [];
  let count = 0;
  const names = createFieldNames(map);
  return {
    get count() {
      return count;
    },
    get ready() {
      return batch.length >= batchRecords;
    },
    flush() {
      const full = batch;
      batch = [];
      return full;
    },
    async read() {
      const start = json.at;
      const first = json.text[start];
      if (first === undefined || !/["{[\w-]/.test(first)) {
        throw json.fault(start, unexpected(json.text, start, 'a value').message, count);
      }
      if (first !== '{') throw json.fault(start, 'a contact should begin here, as a JSON object', count);
      const end = await json.endOfValue(start);
      try {
        const text = json.text.slice(start, end);
        const { value, twice } = readJsonValue(text, 0);
        const faults = twice.map(({ name, first: one, second }) =>
          namedTwice(name, json.placeOf(start + one), json.placeOf(start + second)),
        );
        const record: PushRecord = { source, index: count, line: json.line, fields: {}, untyped: false };
        takeMembers(record, value as Record<string, unknown>, names, faults);
        if (record.decimalComma) notes.form.semicolons = true;
        if (Object.hasOwn(value as object, '_mapped')) notes.form.mapped = true;
        if (map.fields.size > 0) record.mapped = map.fields;
        if (faults.length > 0) record.faults = faults;
        batch.push(record);
      } catch (error) {
        if (!(error instanceof JsonFault)) throw error;
        throw json.fault(start + error.offset, error.message, count);
      }
      count++;
      json.take(end);
    },
  };
}

interface FieldName {
  /** Null drops the member. */
  name: string | null;
  mapped: boolean;
  /** A rejects file has added it. */
  own: OwnRejectColumn | null;
}

interface FieldNames {
  /** What each member is read as. `isMapped`: its record's names have been through `--map` already. */
  of(member: string, isMapped: boolean): FieldName;
}

/** Names come again in each record and are looked up once. */
function createFieldNames(map: RecordsOptions['map']): FieldNames {
  const known = { raw: new Map<string, FieldName>(), mapped: new Map<string, FieldName>() };
  const find = (member: string, isMapped: boolean): FieldName => {
    if (isMapped && map.isTarget(member)) return { name: member, mapped: true, own: null };
    const entry = map.entryOf(member);
    if (entry !== null) return { name: entry.field, mapped: true, own: null };
    const own = ownRejectColumn(member);
    return { name: own === null ? member : null, mapped: false, own };
  };
  return {
    of(member, isMapped) {
      const names = isMapped ? known.mapped : known.raw;
      let field = names.get(member);
      if (field === undefined) {
        field = find(member, isMapped);
        // An input with a new name in every record must not fill the memory.
        if (names.size < 10_000) names.set(member, field);
      }
      return field;
    },
  };
}

/** `attributes` is what Salesforce's own answers add to a record; the rest is what our rejects files add. */
function takeMembers(
  record: PushRecord,
  members: Record<string, unknown>,
  names: FieldNames,
  faults: RecordNote[],
): void {
  const { fields } = record;
  const isMapped = Object.hasOwn(members, '_mapped');
  let mapped: Set<string> | null = null;
  // Names are our own parser's, so that none is inherited.
  for (const member in members) {
    const value = members[member];
    if (member === 'attributes' && value !== null && typeof value === 'object') {
      const { type } = value as { type?: unknown };
      const other = typeof type === 'string' ? otherObject(type, 'attributes') : null;
      if (other !== null) faults.push(other);
      const { url } = value as { url?: unknown };
      if (typeof url === 'string' && names.of(member, isMapped).name !== null)
        record.readFrom = { name: member, url };
      continue;
    }
    const field = names.of(member, isMapped);
    if (field.own !== null) takeOwnColumn(record, field.own, value, faults);
    if (field.name === null) continue;
    const meets = (field.mapped || mapped?.has(field.name)) && Object.hasOwn(fields, field.name);
    if (field.mapped) {
      mapped ??= new Set();
      mapped.add(field.name);
    }
    if (!meets) {
      setMember(fields, field.name, value);
      continue;
    }
    const former = fields[field.name];
    if (isEmpty(value) || String(value) === String(former)) continue;
    if (isEmpty(former)) fields[field.name] = value;
    else faults.push(twoValues(field.name));
  }
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '';
}
