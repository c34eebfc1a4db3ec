import { AppError } from '../base/errors.ts';
import type { PushRecord } from '../contract/push.ts';
import type { ContactRecords } from './parahack-sync.ts';

/** So many at a time are handed on. */
const batchRecords = 200;

/** Records of a program as those of an input, numbered from 0; members that are undefined are left out, as JSON has it. */
export async function* pushRecordsOf(records: ContactRecords): AsyncGenerator<readonly PushRecord[]> {
  if (!isMany(records)) {
    throw new AppError(
      'INVALID_INPUT',
      'The records are no array, and nothing else that can be gone through.',
      {
        hint: 'Give an array, an iterable or an async iterable of contacts; a single one as [contact].',
      },
    );
  }
  let batch: PushRecord[] = [];
  let index = 0;
  for await (const record of records) {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new AppError('INVALID_INPUT', `Record ${index} is no object.`, {
        hint: 'Give each contact as an object of fields, such as { LastName: "Lovelace" }.',
      });
    }
    const fields = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
    batch.push({ source: 'records', index, line: null, fields, untyped: false });
    index++;
    if (batch.length < batchRecords) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function isMany(records: unknown): boolean {
  if (typeof records !== 'object' || records === null) return false;
  return Symbol.iterator in records || Symbol.asyncIterator in records;
}
