import { isAppError } from '../base/errors.ts';
import type { Lease } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';

type CopyFiles = Pick<Mirrors, 'exists' | 'open' | 'copies'>;

/** A process that was killed right after its copy had taken the mirror's place has left the copy's file behind. */
export async function removeSpentCopy(
  { mirrors }: { readonly mirrors: CopyFiles },
  instanceUrl: string,
  lease: Lease,
): Promise<void> {
  if (!(await mirrors.copies.exists(instanceUrl)) || !(await mirrors.exists(instanceUrl))) return;
  if (await isInPlace(mirrors, instanceUrl)) await mirrors.copies.remove(instanceUrl, lease);
}

/** Whether the mirror already is what lies beside it as a copy. */
export async function isInPlace(
  mirrors: Pick<CopyFiles, 'open' | 'copies'>,
  instanceUrl: string,
): Promise<boolean> {
  try {
    await using copy = await mirrors.copies.open(instanceUrl, { create: false });
    const [run] = await copy.journal.runs({ kind: 'backfill', limit: 1 });
    if (run === undefined) return false;
    await using mirror = await mirrors.open(instanceUrl, { create: false });
    return (await mirror.journal.run(run.id)) !== null;
  } catch (error) {
    // Neither of the two can be told from the other then; both stay.
    if (isAppError(error)) return false;
    throw error;
  }
}
