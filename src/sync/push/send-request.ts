import { AppError } from '../../base/errors.ts';
import type { RecordWrites, WriteOutcome } from '../ports/record-writes.ts';
import type { PlannedRequest } from './plan-requests.ts';

/**
 * Sends one planned request; an outcome per entry, in order. `grace` is not the abort signal: once a write is on its
 * way, its answer is worth waiting for, because without it the entries are in doubt. Aborted, it cuts the request.
 * `confirm` is the last look at the lease: after it this process has nothing more to say about what goes out.
 */
export async function sendRequest(
  writes: RecordWrites,
  { way, entries, allOrNone }: PlannedRequest,
  { grace, confirm }: { grace: AbortSignal; confirm?: () => Promise<void> },
): Promise<WriteOutcome[] | 'unsupported'> {
  const first = entries[0];
  if (first === undefined) return [];
  const { allowDuplicates } = first;
  if (way === 'ui-api') {
    const outcome = await writes.createIdempotent(
      { key: first.key, fields: first.changes },
      { allowDuplicates, confirm, signal: grace },
    );
    return outcome === 'unsupported' ? outcome : [outcome];
  }
  const options = { allowDuplicates, allOrNone, confirm, signal: grace };
  if (way === 'upsert') {
    const field = first.upsertField;
    if (field === null) throw new AppError('UNEXPECTED_ERROR', 'An upsert entry names no field.');
    return writes.upsertMany(
      field,
      entries.map(({ changes }) => changes),
      options,
    );
  }
  switch (first.op) {
    case 'create':
      return writes.createMany(
        entries.map(({ changes }) => changes),
        options,
      );
    case 'update':
      return writes.updateMany(
        entries.map(({ changes, contactId }) => ({ ...changes, Id: contactId })),
        options,
      );
    case 'delete':
      return writes.deleteMany(
        entries.map(({ contactId }) => contactId ?? ''),
        { allOrNone, confirm, signal: grace },
      );
  }
}
