import type { PushResult, RejectedRecord } from '../../contract/push.ts';
import { csvLine } from '../render/csv-line.ts';
import { errorReason } from '../render/error-reason.ts';
import type { WholeFile } from '../whole-file.ts';
import { ownRejectColumns } from './reject-columns.ts';

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
    for (const { fields } of page) for (const [name] of cellsOf(fields)) found.add(name);
  }
  const names = [...found];
  await file.write(`${[...names.map(headerCell), ...ownRejectColumns].join(',')}\n`);
  for await (const page of result.rejects()) {
    const lines = page.map(({ fields, source, index, line, errors }) => {
      const cells = new Map(cellsOf(fields));
      const reasons = errors.map(errorReason).join('; ');
      return csvLine([...names.map((name) => cells.get(name)), source, index, line, reasons]);
    });
    await file.write(lines.join(''));
  }
}

/** In quotes unless it is plain, so that the delimiter is seen and the file is not taken for JSON. */
function headerCell(name: string): string {
  return /^\w[\w.]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/**
 * Back in the words of the CSV that is pushed: what clears a field is `#N/A`, what is not there an empty cell, and
 * a nested parent a column of its own, `Account.Key__c`.
 */
function cellsOf(fields: Readonly<Record<string, unknown>>): [name: string, cell: unknown][] {
  return Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    if (value === null || value === '') return [[name, '#N/A']];
    if (typeof value !== 'object' || Array.isArray(value)) return [[name, value]];
    return Object.entries(value)
      .filter(([member]) => member !== 'attributes')
      .map(([member, own]) => [`${name}.${member}`, own ?? '#N/A']);
  });
}
