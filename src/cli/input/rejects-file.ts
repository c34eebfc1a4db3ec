import type { PushError, PushRecord } from '../../app/contract/push.ts';
import { csvLine } from '../render/csv-line.ts';
import { writeWholeFile } from '../whole-file.ts';

export interface Reject {
  record: PushRecord;
  errors: PushError[];
}

/**
 * Writes refused records with their reasons, so that they can be mended and pushed again: CSV where the name ends
 * in `.csv`, else NDJSON. Always writes the file, so that an old one is not taken for this push's.
 */
export async function writeRejects(file: string, rejects: readonly Reject[], cwd: string): Promise<void> {
  const text = file.toLowerCase().endsWith('.csv') ? csvOf(rejects) : ndjsonOf(rejects);
  await writeWholeFile(file, cwd, (write) => write(text));
}

function ndjsonOf(rejects: readonly Reject[]): string {
  return rejects
    .map(({ record: { source, index, line, fields }, errors }) => {
      return `${JSON.stringify({ ...fields, _source: source, _index: index, _line: line, _errors: errors })}\n`;
    })
    .join('');
}

function csvOf(rejects: readonly Reject[]): string {
  const names = [...new Set(rejects.flatMap(({ record }) => Object.keys(record.fields)))];
  const lines = rejects.map(({ record, errors }) => {
    const cells = names.map((name) => cellOf(record.fields[name]));
    const reasons = errors.map(({ code, message }) => `${code}: ${message}`).join('; ');
    return csvLine([...cells, record.source, record.index, record.line, reasons]);
  });
  return [csvLine([...names, '_source', '_index', '_line', '_errors']), ...lines].join('');
}

/** Back in the words of the CSV that is pushed: null is `#N/A`, an absent field an empty cell. */
function cellOf(value: unknown): unknown {
  return value === null ? '#N/A' : value;
}
