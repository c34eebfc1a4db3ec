import { AppError } from '../../base/errors.ts';
import type { BackfillApi } from '../events.ts';

/**
 * An interrupted run goes on as it was begun. Throws `INVALID_INPUT` where another API or other fields are asked
 * for; not asked for, or `auto`, is as begun. `begun.fields`: null where it had no such flag, undefined where it
 * was begun by a version that did not keep it. Pure.
 */
export function assertAsBegun(
  begun: { api: BackfillApi; fields?: readonly string[] | null },
  { api = 'auto', fields }: { api?: 'auto' | BackfillApi; fields?: readonly string[] },
): void {
  if (api !== 'auto' && api !== begun.api) throw unlike('--api', `with --api ${begun.api}`, api);
  if (fields === undefined || begun.fields === undefined) return;
  if (begun.fields === null) throw unlike('--fields', 'without --fields', fields.join(','));
  if (keyOf(fields) === keyOf(begun.fields)) return;
  throw unlike('--fields', `with --fields ${begun.fields.join(',')}`, fields.join(','));
}

/**
 * Whether the whole of what is asked for is what was begun; here no `--fields` means all of them. Pure.
 */
export function isAsBegun(
  begun: { api: BackfillApi; fields?: readonly string[] | null },
  { api, fields }: { api: 'auto' | BackfillApi; fields: readonly string[] | null },
): boolean {
  if (api !== 'auto' && api !== begun.api) return false;
  return keyOf(fields ?? ['*']) === keyOf(begun.fields ?? ['*']);
}

/** Column names know neither order nor case. */
function keyOf(names: readonly string[]): string {
  return [...new Set(names.map((name) => name.toLowerCase()))].sort().join();
}

function unlike(flag: string, begun: string, asked: string): AppError {
  return new AppError(
    'INVALID_INPUT',
    `The interrupted backfill was begun ${begun} and cannot go on with ${flag} ${asked}.`,
    { hint: `Run it without ${flag} to go on as it was begun, or with --fresh to start over.` },
  );
}
