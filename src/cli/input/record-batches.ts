import type { PushRecord } from '../../app/contract/push.ts';
import { AppError } from '../../base/errors.ts';
import type { CliIo } from '../cli-io.ts';
import type { InputFormat } from './input-formats.ts';
import { decodeInput } from './input-text.ts';
import { parseRecords } from './parse-records.ts';
import { readInput } from './read-input.ts';

export interface RecordSources {
  /** File names in order, `-` for standard input; none: standard input alone. */
  files: readonly string[];
  format: InputFormat;
  /** `--map` as given, in order: `HEADER=FIELD`, or a file of such lines. */
  maps: readonly string[];
}

/** Records of one batch at most. */
const batchRecords = 1_000;

/** The records of all sources, in order, in batches. Throws AppError `INVALID_INPUT` or an AbortError. */
export async function* recordBatches(
  { files, format, maps }: RecordSources,
  io: Pick<CliIo, 'stdin' | 'cwd'>,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<readonly PushRecord[]> {
  refuseNoInput(files, io);
  if (maps.length > 0) throw notAvailable();
  for (const source of files.length === 0 ? ['-'] : files) {
    const bytes = await readInput(source, io, { signal });
    const records = parseRecords(decodeInput(bytes, source), source, format);
    for (let at = 0; at < records.length; at += batchRecords) yield records.slice(at, at + batchRecords);
  }
}

function notAvailable(): AppError {
  return new AppError('NOT_AVAILABLE', 'Columns cannot be renamed yet.', {
    hint: 'Rename the columns in the file, without --map.',
  });
}

function refuseNoInput(files: readonly string[], { stdin }: Pick<CliIo, 'stdin'>): void {
  if (files.length === 0 && stdin.isTTY) {
    throw new AppError('INVALID_INPUT', 'No input is given.', {
      hint: 'Name a file, or pipe contacts in: parahack-sync push contacts.csv',
    });
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw new AppError('INVALID_INPUT', 'Standard input can be read only once.', {
      hint: 'Give - a single time.',
    });
  }
}
