import type { Clock } from '../base/clock.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { ProgramCommits } from '../sync/ports/program-commits.ts';

/** What a program has written is on its way within two seconds of its commit. */
const lookEveryMs = 1_000;

export interface FollowOptions {
  /** The orgs whose mirrors programs may write to, asked again and again. */
  orgs(): readonly string[];
  /** Resolves when these may be others: where there are none, nothing else is waited for. */
  changed(): Promise<void>;
  /** What waits of this org is to be sent. */
  onCommit(instanceUrl: string): void;
}

/** Runs until the signal aborts. */
export async function followPrograms(
  { mirrors, clock }: { readonly mirrors: Pick<Mirrors, 'programCommits'>; readonly clock: Clock },
  { orgs, changed, onCommit }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Map<string, { commits: ProgramCommits; seen: number | null }>();
  try {
    while (!signal.aborted) {
      const urls = new Set(orgs());
      for (const [url, { commits }] of followed) {
        if (urls.has(url)) continue;
        commits[Symbol.dispose]();
        followed.delete(url);
      }
      for (const url of urls) {
        const known = followed.get(url) ?? { commits: mirrors.programCommits(url), seen: null };
        followed.set(url, known);
        const seen = known.commits.look();
        // The first look too: nobody knows what was written before it and after the last turn.
        if (seen !== null && seen !== known.seen) onCommit(url);
        known.seen = seen ?? known.seen;
      }
      if (urls.size === 0) await untilAborted(changed(), signal);
      else await clock.sleep(lookEveryMs, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    for (const { commits } of followed.values()) commits[Symbol.dispose]();
  }
}

/** Rejects with the signal's reason where that comes first. */
function untilAborted(event: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    void event.then(resolve).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
