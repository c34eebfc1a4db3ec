import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, systemCodeOf } from '../../base/errors.ts';
import { CsvReader } from './csv-rows.ts';
import type { MapEntry } from './header-map.ts';
import { inputFault } from './input-fault.ts';
import { decodeText } from './input-text.ts';

const forms =
  "--map takes 'HEADER=FIELD' ('HEADER=' drops the column), or a file: lines HEADER=FIELD, CSV with the header line header,field, or a JSON object.";

/**
 * The entries of all `--map`. A value with `=` is an entry, split at its last `=`, any other a file; a file whose name
 * has `=` is given with its folder (`./a=b.map`). Throws AppError `INVALID_INPUT`.
 */
export async function readMaps(values: readonly string[], cwd: string): Promise<MapEntry[]> {
  const entries: MapEntry[] = [];
  for (const value of values) {
    // A variable of the shell that is not set, say.
    if (value.trim() === '') throw wrongMap('--map is empty');
    if (value.includes('=') && !/^(\.{0,2}[/\\]|[A-Za-z]:\\)/.test(value)) {
      entries.push(entryOf(value, null, `--map '${value}'`));
    } else {
      entries.push(...(await readMapFile(value, cwd)));
    }
  }
  const pairs = entries.filter(({ file }) => file === null);
  const twice = pairs.find(({ header, field }, at) =>
    pairs.slice(0, at).some((other) => other.header === header && other.field !== field),
  );
  if (twice !== undefined) throw wrongMap(`--map maps "${twice.header}" to two fields`);
  return entries;
}

async function readMapFile(file: string, cwd: string): Promise<MapEntry[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(resolve(cwd, file));
  } catch (error) {
    throw wrongMap(`--map ${file}: the file cannot be read (${systemCodeOf(error) ?? 'unknown'})`, error);
  }
  let text = '';
  for await (const piece of decodeText(oneChunk(bytes), file)) text += piece;
  if (/^\s*\{/.test(text)) return entriesOfJson(text, file);
  if (/^\s*"?header"?\s*[,;\t]\s*"?field"?\s*(\r|\n|$)/i.test(text)) return entriesOfCsv(text, file);
  return entriesOfLines(text, file);
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function entriesOfJson(text: string, file: string): MapEntry[] {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw wrongMap(`--map ${file}: the JSON cannot be read`, error);
  }
  return Object.entries(json).map(([header, field]) => {
    if (field === null || field === '') return { header, field: null, file };
    if (typeof field !== 'string') throw wrongMap(`--map ${file}: "${header}" has no field's name`);
    return { header, field: checkedField(field, `--map ${file}: "${header}"`), file };
  });
}

function entriesOfCsv(text: string, file: string): MapEntry[] {
  const delimiter = /[,;\t]/.exec(text)?.[0] ?? ',';
  const [, ...rows] = new CsvReader({ source: file, delimiter, line: 1 }).read(text, true);
  return rows
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''))
    .map(({ cells, line }) => {
      if (cells.length !== 2)
        throw inputFault({ source: file, line }, 'a line has a header and a field', forms);
      const field = cells[1]!.trim();
      const where = `--map ${file}, line ${line}`;
      return { header: cells[0]!.trim(), field: field === '' ? null : checkedField(field, where), file };
    });
}

/** Also Data Loader's `.sdl`, a Java properties file: `E-mail\ 1=Email`, `#` begins a comment. */
function entriesOfLines(text: string, file: string): MapEntry[] {
  return text.split(/\r\n|\n|\r/).flatMap((line, at) => {
    if (/^\s*([#!]|$)/.test(line)) return [];
    return [entryOf(line, file, `--map ${file}, line ${at + 1}`)];
  });
}

function entryOf(text: string, file: string | null, where: string): MapEntry {
  const at = text.lastIndexOf('=');
  if (at < 0) throw wrongMap(`${where}: there is no "="`);
  const plain = (part: string) => (file === null ? part : withoutEscapes(part)).trim();
  const header = plain(text.slice(0, at));
  const field = plain(text.slice(at + 1));
  if (header === '') throw wrongMap(`${where}: there is no header before "="`);
  return { header, field: field === '' ? null : checkedField(field, where), file };
}

/** Java properties put a backslash before blanks, `=`, `:` and `#`, and write other alphabets as `\u00e9`. */
function withoutEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, char: string) =>
    code === undefined ? char : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** A field, or a parent's field as `ReportsTo.Email`; Data Loader writes `ReportsTo:Email` and `Owner:User-Username`. */
function checkedField(field: string, where: string): string {
  const parent = /^(\w+):(?:\w+-)?(\w+)$/.exec(field);
  if (parent !== null) return `${parent[1]}.${parent[2]}`;
  if (/[,;=\r\n\t]/.test(field)) throw wrongMap(`${where}: "${field}" is no field's name`);
  return field;
}

function wrongMap(message: string, cause?: unknown): AppError {
  return new AppError('INVALID_INPUT', `${message}.`, { hint: `Nothing was sent. ${forms}`, cause });
}
