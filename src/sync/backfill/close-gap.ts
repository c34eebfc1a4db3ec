import type { SyncContext } from '../context.ts';
import { fillNewFields } from '../cycle/fill-fields.ts';
import { pull } from '../cycle/pull.ts';
import type { RunRecorder } from '../run-recorder.ts';

/** Records that come and go at the very moment make a difference that the next cycle closes. */
const exactTries = 3;

/**
 * What changed meanwhile is brought as a watch cycle would, as a step of the copy; then both sides are counted, and a
 * difference is said. `exact`: that is repeated a few times where they differ.
 */
export async function closeGap(
  context: SyncContext,
  run: RunRecorder,
  { exact, signal }: { exact: boolean; signal: AbortSignal },
): Promise<{ org: number; mirror: number }> {
  const { records, mirror, log } = context;
  const compare = async () => {
    await run.step('catch-up', (note) => pull(context, asOneStep(run, note), { signal }));
    await fillNewFields(context, { signal });
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

/** What a cycle counts beside the rows that it read, which would pass for rows of the copy. */
const told: ReadonlySet<string> = new Set(['upserted', 'deleted', 'undeleted', 'hidden', 'held']);

/** A run whose steps are parts of the step under way. */
function asOneStep(
  run: RunRecorder,
  note: (text: string) => void,
): Pick<RunRecorder, 'count' | 'step' | 'later'> {
  return {
    count(name, by) {
      if (told.has(name)) run.count(name, by);
    },
    later: (effects) => run.later(effects),
    step: (_name, work) => work(note),
  };
}
