import type { SyncContext } from '../context.ts';
import { runCycle } from '../cycle/cycle.ts';
import type { RunRecorder } from '../run-recorder.ts';

/** Records that come and go at the very moment make a difference that the next cycle closes. */
const exactTries = 3;

/**
 * A watch cycle brings what changed meanwhile; then both sides are counted, and a difference is said. `exact`: the
 * cycle is repeated a few times where they differ.
 */
export async function closeGap(
  context: SyncContext,
  run: RunRecorder,
  { exact, signal }: { exact: boolean; signal: AbortSignal },
): Promise<{ org: number; mirror: number }> {
  const { records, mirror, log } = context;
  const compare = async () => {
    await runCycle(context, { push: false, signal });
    return { org: await records.count(null, { signal }), mirror: (await mirror.contacts.counts()).contacts };
  };
  let compared = await compare();
  for (let tries = exact ? exactTries : 1; tries > 1 && compared.org !== compared.mirror; tries--)
    compared = await compare();
  await run.step('compare', async (note) => {
    run.count('orgContacts', compared.org - (run.counts.orgContacts ?? 0));
    run.count('mirrorContacts', compared.mirror - (run.counts.mirrorContacts ?? 0));
    if (compared.org === compared.mirror) return;
    note(`The org counts ${compared.org} contacts and the mirror ${compared.mirror}.`);
    log.warn(
      `after the backfill the org counts ${compared.org} contacts and the mirror ${compared.mirror}; what changed in this moment comes with the next cycle`,
      compared,
    );
  });
  return compared;
}
