import type { SyncContext } from '../context.ts';
import type { BackfillApi } from '../events.ts';
import { stamplessFields } from './stampless-fields.ts';

/**
 * What a sweep asks of every record: what it is compared by, what its pages are ordered by, and the fields that no
 * stamp tells of, or that some contacts may lack, unless nothing is to be changed.
 */
export async function sweptFields(
  { mirror }: Pick<SyncContext, 'mirror'>,
  { api, dryRun }: { api: BackfillApi; dryRun: boolean },
): Promise<string[]> {
  const compared = ['Id', 'SystemModstamp', 'IsDeleted'];
  if (api === 'rest') compared.push('CreatedDate');
  if (dryRun) return compared;
  const stampless = stamplessFields(await mirror.schema.fields());
  return [...new Set([...compared, ...stampless, ...(await mirror.schema.filledSinceReconcile())])];
}
