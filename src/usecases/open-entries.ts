import { AppError, isAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { OutboxEntry } from '../sync/ports/outbox-entry.ts';

const pageEntries = 1_000;
const openStates = ['pending', 'sent', 'in-doubt', 'held', 'conflict'] as const;

interface Parts {
  readonly mirrors: Pick<Mirrors, 'exists' | 'open'>;
}

/** How many entries of its outbox were never settled with Salesforce; null where the mirror is too damaged to tell. */
export async function openEntries({ mirrors }: Parts, instanceUrl: string): Promise<number | null> {
  if (!(await mirrors.exists(instanceUrl))) return 0;
  try {
    await using mirror = await mirrors.open(instanceUrl, { create: false });
    const counts = await mirror.outbox.counts();
    return openStates.reduce((sum, state) => sum + counts[state], 0);
  } catch (error) {
    if (!isAppError(error, 'MIRROR_CORRUPT')) throw error;
    return null;
  }
}

/**
 * How many entries a mirror alone has, and would be lost with it: those that were never settled with Salesforce, and edits by
 * programs that it has refused, for no input of a push names them. Null where the mirror is too damaged to tell.
 */
export async function entriesToKeep(parts: Parts, instanceUrl: string): Promise<number | null> {
  const open = await openEntries(parts, instanceUrl);
  if (open === null || !(await parts.mirrors.exists(instanceUrl))) return open;
  return open + (await refusedEdits(parts, instanceUrl));
}

async function refusedEdits({ mirrors }: Parts, instanceUrl: string): Promise<number> {
  await using mirror = await mirrors.open(instanceUrl, { create: false });
  let edits = 0;
  for (let after: number | undefined = -1; after !== undefined; ) {
    const page: OutboxEntry[] = await mirror.outbox.list({ states: ['rejected'], after, limit: pageEntries });
    edits += page.filter(({ local }) => local).length;
    after = page.at(-1)?.seq;
  }
  return edits;
}

/**
 * Throws `OUTBOX_OPEN` where a mirror holds what was never settled with Salesforce and would be lost with it. `refused`: edits
 * by programs too that Salesforce has refused.
 */
export async function refuseWithOpenEntries(
  { mirrors, log }: Parts & { readonly log: Logger },
  instanceUrl: string,
  { refused = false }: { refused?: boolean } = {},
): Promise<void> {
  const open = await (refused ? entriesToKeep : openEntries)({ mirrors }, instanceUrl);
  if (open === null) log.warn('the mirror is damaged, so it cannot be said whether its outbox is empty');
  if (open === null || open === 0) return;
  throw entriesOpen(instanceUrl, open);
}

/** `OUTBOX_OPEN` of a mirror that would be lost with so many entries. */
export function entriesOpen(instanceUrl: string, open: number): AppError {
  return new AppError(
    'OUTBOX_OPEN',
    `${open} ${open === 1 ? 'entry' : 'entries'} of the outbox of ${instanceUrl} ${open === 1 ? 'is' : 'are'} not settled yet.`,
    {
      hint: 'Look at them with `parahack-sync outbox list`, send what waits with `parahack-sync watch --once` (`parahack-sync outbox retry --all` before it lets out what was refused), or say --force.',
      details: { open },
    },
  );
}
