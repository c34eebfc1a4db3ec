import { jsonOf } from '../../base/number-text.ts';
import type { PushError, PushResult, RecordPlace, RejectedRecord } from '../../contract/push.ts';
import { csvLine } from '../render/csv-line.ts';
import { errorReason } from '../render/error-reason.ts';
import type { WholeFile } from '../whole-file.ts';
import { type LostCell, RejectCells } from './reject-cells.ts';
import type { OwnRejectColumn } from './reject-columns.ts';

/** How a rejects file has to be read, so that it says what the input said. */
export interface RejectsForm {
  /** Its names have been through `--map`. */
  mapped: boolean;
  /** Numbers of its texts have decimal commas, as `--decimal` says; or may have, for the input had semicolons. */
  decimalComma: 'said' | 'possible' | null;
}

/** Values that CSV has no word for: how many, and the first. */
export interface LostValues {
  count: number;
  first: (RecordPlace & LostCell) | null;
}

type Rejects = Pick<PushResult, 'rejects'>;

/**
 * Writes refused records with their reasons, so that they can be mended and pushed again: CSV where the name ends
 * in `.csv`, else NDJSON. Null where there are none: the file does not take its name then, so that an old one keeps what
 * somebody is yet to mend.
 */
export async function writeRejects(
  file: WholeFile,
  name: string,
  result: Rejects,
  form: RejectsForm,
): Promise<LostValues | null> {
  if (!(await hasRejects(result))) return null;
  let lost: LostValues = { count: 0, first: null };
  if (isCsv(name)) lost = await writeCsv(file, result, form);
  else {
    for await (const page of result.rejects())
      await file.write(page.map((record) => ndjsonLine(record, form)).join(''));
  }
  await file.complete();
  return lost;
}

async function hasRejects(result: Rejects): Promise<boolean> {
  for await (const page of result.rejects()) if (page.length > 0) return true;
  return false;
}

export function isCsv(name: string): boolean {
  return name.toLowerCase().endsWith('.csv');
}

function ndjsonLine(
  { fields, source, index, line, key, errors }: RejectedRecord,
  { mapped, decimalComma }: RejectsForm,
): string {
  const own: Partial<Record<OwnRejectColumn, unknown>> = {
    _source: source,
    _index: index,
    _line: line,
    _entry: key,
    _errors: errors,
    ...(mapped ? { _mapped: true } : {}),
    ...(decimalComma === null ? {} : { _decimals: 'comma' }),
  };
  return `${jsonOf({ ...fields, ...own })}\n`;
}

/** Read twice: the header names what any of them has. */
async function writeCsv(
  file: WholeFile,
  result: Rejects,
  { mapped, decimalComma }: RejectsForm,
): Promise<LostValues> {
  const delimiter = decimalComma === null ? ',' : ';';
  const cells = new RejectCells({ decimalComma: decimalComma === 'said' });
  const lost: LostValues = { count: 0, first: null };
  for await (const page of result.rejects()) {
    for (const { fields, source, index, line } of page) {
      const [first, ...more] = cells.note(fields);
      if (first === undefined) continue;
      lost.count += 1 + more.length;
      lost.first ??= { source, index, line, ...first };
    }
  }
  const own: OwnRejectColumn[] = ['_source', '_index', '_line', '_entry', '_errors'];
  if (mapped) own.push('_mapped');
  if (lost.count > 0) own.push('_lost');
  await file.write(`${[...cells.names().map(headerCell), ...own].join(delimiter)}\n`);
  for await (const page of result.rejects()) {
    const lines = page.map(({ fields, source, index, line, key, errors }) => {
      const row = cells.rowOf(fields);
      const reasons = [...errors.map(errorReason), ...row.lost.map(lostReason)].join('; ');
      const values = [...row.cells, source, index, line, key, reasons];
      if (mapped) values.push('yes');
      if (lost.count > 0) values.push(row.lost.map(({ field }) => field).join(', '));
      return csvLine(values, delimiter);
    });
    await file.write(lines.join(''));
  }
  return lost;
}

function lostReason({ field, why }: LostCell): string {
  const error: PushError = {
    code: 'NOT_IN_CSV',
    message: `CSV has no word for ${field}: it is ${why}.`,
    fields: [field],
    duplicates: [],
  };
  return errorReason(error);
}

/** In quotes unless it is plain, so that the delimiter is seen and the file is not taken for JSON. */
function headerCell(name: string): string {
  return /^\w[\w.]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
