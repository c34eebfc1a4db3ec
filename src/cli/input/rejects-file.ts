import type { PushResult, RejectedRecord } from '../../app/contract/push.ts';
import { csvLine } from '../render/csv-line.ts';
import type { WholeFile } from '../whole-file.ts';

/**
 * Writes refused records with their reasons, so that they can be mended and pushed again: CSV where the name ends
 * in `.csv`, else NDJSON. Always completes the file, so that an old one is not taken for this push's.
 */
export async function writeRejects(
  file: WholeFile,
  name: string,
  result: Pick<PushResult, 'rejects'>,
): Promise<void> {
  if (name.toLowerCase().endsWith('.csv')) await writeCsv(file, result);
  else {
    for await (const page of result.rejects()) await file.write(page.map(ndjsonLine).join(''));
  }
  await file.complete();
}

function ndjsonLine({ fields, source, index, line, errors }: RejectedRecord): string {
  return `${JSON.stringify({ ...fields, _source: source, _index: index, _line: line, _errors: errors })}\n`;
}

/** Read twice: the header names what any of them has. */
async function writeCsv(file: WholeFile, result: Pick<PushResult, 'rejects'>): Promise<void> {
  const found = new Set<string>();
  for await (const page of result.rejects()) {
    for (const { fields } of page) for (const name of Object.keys(fields)) found.add(name);
  }
  const names = [...found];
  await file.write(csvLine([...names, '_source', '_index', '_line', '_errors']));
  for await (const page of result.rejects()) {
    const lines = page.map(({ fields, source, index, line, errors }) => {
      const cells = names.map((name) => cellOf(fields[name]));
      const reasons = errors.map(({ code, message }) => `${code}: ${message}`).join('; ');
      return csvLine([...cells, source, index, line, reasons]);
    });
    await file.write(lines.join(''));
  }
}

/** Back in the words of the CSV that is pushed: null is `#N/A`, an absent field an empty cell. */
function cellOf(value: unknown): unknown {
  return value === null ? '#N/A' : value;
}
