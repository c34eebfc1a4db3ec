import { AppError, isAppError } from '../../base/errors.ts';
import type { PushRecord } from '../../contract/push.ts';
import type { CliIo } from '../cli-io.ts';
import { csvRecords } from './csv-records.ts';
import { createHeaderMap, type HeaderMap } from './header-map.ts';
import { inputFault } from './input-fault.ts';
import type { InputFormat } from './input-formats.ts';
import { createInputNotes, type InputForm } from './input-notes.ts';
import { openSources } from './input-source.ts';
import { decodeText } from './input-text.ts';
import { jsonRecords } from './json-records.ts';
import { lineBreaksIn } from './line-count.ts';
import { readMaps } from './map-options.ts';
import type { RecordsOptions } from './records-options.ts';

export interface RecordSources {
  /** File names in order, `-` for standard input; none: standard input alone. */
  files: readonly string[];
  format: InputFormat;
  /** `--map` as given, in order: `HEADER=FIELD`, or a file of such lines. */
  maps: readonly string[];
}

export interface RecordBatchesOptions {
  signal: AbortSignal;
  /** What was left out (blank records, columns without a name), for a word to the user. */
  onNote?: (note: string) => void;
  /** Takes what is learnt of how the inputs are written. */
  form?: InputForm;
}

/**
 * As many as one query looks parents up for. Larger batches outlive the collector's young generation, which then
 * grows: a push of 100,000 records of JSON took 285 MB with 1,000, and takes 180 MB with these.
 */
const batchRecords = 200;

/**
 * The records of all sources, in order, in batches; nothing is kept of a batch that was handed on. Every source is
 * looked at before the first is read. Throws AppError `INVALID_INPUT` or an AbortError.
 */
export async function* recordBatches(
  { files, format, maps }: RecordSources,
  io: Pick<CliIo, 'stdin' | 'cwd'>,
  { signal, onNote = () => {}, form }: RecordBatchesOptions,
): AsyncGenerator<readonly PushRecord[]> {
  const map = createHeaderMap(await readMaps(maps, io.cwd));
  const notes = createInputNotes(onNote, form);
  let batch: PushRecord[] = [];
  for (const { name: source, chunks } of await openSources(files, io, { signal })) {
    for await (const records of recordsOf(decodeText(chunks(), source), format, { source, map, notes })) {
      for (const record of records) {
        batch.push(record);
        if (batch.length < batchRecords) continue;
        yield batch;
        batch = [];
      }
    }
  }
  checkMap(map, onNote);
  if (batch.length > 0) yield batch;
}

async function* recordsOf(
  texts: AsyncGenerator<string>,
  format: InputFormat,
  options: RecordsOptions,
): AsyncGenerator<PushRecord[]> {
  const { source } = options;
  let head = '';
  let first: string | undefined;
  for (let next = await texts.next(); !next.done; next = await texts.next()) {
    head += next.value;
    first = /\S/.exec(head)?.[0];
    if (first !== undefined) break;
  }
  if (first === undefined) {
    // Nothing at all is no JSON and no CSV, while NDJSON of nothing is none of nothing.
    if (format === 'ndjson') return;
    throw new AppError('INVALID_INPUT', `${source === '-' ? '- (standard input)' : source} is empty.`, {
      hint: 'Give contacts as JSON, NDJSON or CSV; an empty JSON array is taken as nothing to do.',
      details: { source },
    });
  }
  if (format === 'auto') {
    refuseMarkup(head, source);
    refuseBareValue(head, source);
  }
  const json = format === 'auto' ? first === '{' || first === '[' : format !== 'csv';
  const records = (json ? jsonRecords : csvRecords)(before(head, texts), options);
  if (format === 'auto' && json) yield* takenForJson(records, first);
  else yield* records;
}

/** Nobody has said that it is JSON, so a fault of it may be that it is not. */
async function* takenForJson(
  records: AsyncGenerator<PushRecord[]>,
  first: string,
): AsyncGenerator<PushRecord[]> {
  try {
    yield* records;
  } catch (error) {
    if (!isAppError(error, 'INVALID_INPUT')) throw error;
    const why = `It begins with ${first} and was read as JSON; --format csv reads it as CSV.`;
    throw new AppError('INVALID_INPUT', error.message, {
      hint: `${error.hint ?? ''} ${why}`.trim(),
      details: error.details,
      cause: error,
    });
  }
}

async function* before(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

/** What a browser or an address book saves beside CSV. */
function refuseMarkup(head: string, source: string): void {
  const kind = /^\s*(?:(<)|BEGIN:VCARD)/i.exec(head);
  if (kind === null) return;
  throw inputFault(
    { source },
    `this is ${kind[1] === undefined ? 'a vCard' : 'HTML or XML'}, which cannot be read`,
    'Export the contacts as CSV; --format csv reads it as CSV all the same.',
  );
}

/** What a query of JSON prints where there is nothing: `jq .records` of a file without them, say. */
function refuseBareValue(head: string, source: string): void {
  const value = /^\s*(null|true|false|-?\d+(?:\.\d+)?)\s*$/.exec(head)?.[1];
  if (value === undefined) return;
  throw inputFault(
    { source, line: 1 + lineBreaksIn(/^\s*/.exec(head)?.[0] ?? '') },
    `this is ${value} alone, and no contact`,
    'Contacts are JSON objects, an array of them, or CSV with a header line; an empty JSON array is taken as nothing to do.',
  );
}

/**
 * A header that is nowhere is a slip of the pen on the command line. A file of them serves several exports, each with
 * some of its headers.
 */
function checkMap(map: HeaderMap, tell: (note: string) => void): void {
  const unused = map.unused();
  const given = unused.filter(({ file }) => file === null);
  // The refused records of a push need not have a value in each of its columns.
  if (given.length > 0 && !map.wasMapped) {
    const names = given.map(({ header }) => `"${header}"`).join(', ');
    throw new AppError('INVALID_INPUT', `--map names ${names}, and no input has such a header.`, {
      hint: 'Nothing was sent. Compare it with the header line, or with the names in the JSON.',
      details: { headers: given.map(({ header }) => header) },
    });
  }
  const files = new Map<string, string[]>();
  for (const { file, header } of unused) files.set(file!, [...(files.get(file!) ?? []), header]);
  for (const [file, headers] of files) {
    tell(`--map ${file}: no input has ${headers.map((header) => `"${header}"`).join(', ')}.`);
  }
}
