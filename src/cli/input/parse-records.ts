import type { PushRecord } from '../../app/contract/push.ts';
import { AppError } from '../../base/errors.ts';
import { parseCsvRecords } from './csv-records.ts';
import type { InputFormat } from './input-formats.ts';
import { parseJsonRecords } from './json-records.ts';

/** The records of one input. Throws AppError `INVALID_INPUT`. */
export function parseRecords(text: string, source: string, format: InputFormat): PushRecord[] {
  const first = /\S/.exec(text)?.[0];
  if (first === undefined) {
    // Nothing at all is no JSON and no CSV, while NDJSON of nothing is none of nothing.
    if (format === 'ndjson') return [];
    throw new AppError('INVALID_INPUT', `${source} is empty.`, {
      hint: 'Give contacts as JSON, NDJSON or CSV; an empty JSON array is taken as nothing to do.',
      details: { source },
    });
  }
  const json = format === 'auto' ? first === '{' || first === '[' : format !== 'csv';
  return json ? parseJsonRecords(text, source) : parseCsvRecords(text, source);
}
