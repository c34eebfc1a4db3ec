import { Readable } from 'node:stream';
import { NumberText } from '../../../src/base/number-text.ts';
import type { CliIo } from '../../../src/cli/cli-io.ts';
import type { InputFormat } from '../../../src/cli/input/input-formats.ts';
import { recordBatches } from '../../../src/cli/input/record-batches.ts';
import type { PushRecord } from '../../../src/contract/push.ts';

export interface ParseOptions {
  format?: InputFormat;
  maps?: string[];
  /** Bytes of one chunk of standard input; all at once where it is left out. */
  chunkBytes?: number;
  cwd?: string;
  onNote?: (note: string) => void;
}

/** Records of standard input, which is named `-` in every message. */
export async function parse(input: string | Uint8Array, options: ParseOptions = {}): Promise<PushRecord[]> {
  const { format = 'auto', maps = [], cwd = '/nowhere', onNote = () => {} } = options;
  const bytes = Buffer.from(input);
  const size = options.chunkBytes ?? Math.max(1, bytes.length);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  const stdin = Readable.from(chunks, { objectMode: true }) as unknown as CliIo['stdin'];
  const records: PushRecord[] = [];
  const { signal } = new AbortController();
  for await (const batch of recordBatches({ files: [], format, maps }, { stdin, cwd }, { signal, onNote })) {
    expectSmall(batch);
    records.push(...batch);
  }
  return records;
}

function expectSmall(batch: readonly PushRecord[]): void {
  if (batch.length > 1_000) throw new Error(`A batch has ${batch.length} records.`);
}

export async function fieldsOf(
  input: string | Uint8Array,
  options?: ParseOptions,
): Promise<Record<string, unknown>[]> {
  return (await parse(input, options)).map(({ fields }) => fields);
}

export async function notesOf(input: string, options: ParseOptions = {}): Promise<string[]> {
  const notes: string[] = [];
  await parse(input, { ...options, onNote: (note) => notes.push(note) });
  return notes;
}

/** A value with numbers where the reader kept their digits, to compare with JSON.parse. */
export function asNumbers(value: unknown): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (Array.isArray(value)) return value.map(asNumbers);
  if (value === null || typeof value !== 'object') return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    Object.defineProperty(copy, name, {
      value: asNumbers(member),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}
