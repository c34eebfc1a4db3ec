import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, isAppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { Logger } from '../base/logger.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { RunResult, RunsResult, RunView } from '../contract/runs.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { Run } from '../sync/ports/run.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { listedOrgs } from './chosen-orgs.ts';
import { isOrgLeased, isSending, type OrgLeases } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { isInPlace } from './spent-copy.ts';

interface ViewParts extends Pick<OrgLeases, 'leases'> {
  readonly clock: Pick<Clock, 'now'>;
}

export interface RunsParts extends OrgDirectory, ViewParts {
  readonly log: Pick<Logger, 'warn'>;
  readonly mirrors: Pick<Mirrors, 'exists' | 'open' | 'copies'>;
}

export async function listRuns(
  parts: RunsParts,
  { org, limit }: { org: string | null; limit: number },
  signal: AbortSignal,
): Promise<RunsResult> {
  let runs: RunView[] = [];
  const unread: RunsResult['unread'] = [];
  const orgs = await listedOrgs(parts, org);
  for (const { instanceUrl } of orgs) {
    await nextTurn();
    throwIfAborted(signal);
    try {
      await eachMirror(parts, instanceUrl, async (mirror) => {
        for (const run of await mirror.journal.runs({ limit }))
          runs.push(await runView(parts, instanceUrl, run));
      });
    } catch (error) {
      if (orgs.length === 1) throw error;
      unread.push({ instanceUrl, error: errorInfoOf(error) });
    }
    // No more than are asked for are held of however many orgs.
    runs = runs.sort((a, b) => b.startedAt.localeCompare(a.startedAt)).slice(0, limit);
  }
  return { runs, unread };
}

/** `id` may be the beginning of a run's id, as long as it means one run only. */
export async function showRun(parts: RunsParts, { id }: { id: string }): Promise<RunResult> {
  const found: RunResult[] = [];
  let unread: unknown = null;
  for (const { instanceUrl } of await listedOrgs(parts, null)) {
    const reading = eachMirror(parts, instanceUrl, async (mirror) => {
      for (const run of await mirror.journal.runs({ prefix: id })) {
        const steps = (await mirror.journal.steps(run.id)).map((step) => ({
          ...step,
          startedAt: isoTime(step.startedAt),
          finishedAt: isoTime(step.finishedAt),
        }));
        found.push({ run: { ...(await runView(parts, instanceUrl, run)), steps } });
      }
    });
    await reading.catch((error) => {
      unread ??= error;
    });
  }
  const [only] = found;
  // It may be a run of the org that could not be read.
  if (only === undefined && unread !== null) throw unread;
  if (only !== undefined && found.length === 1) return only;
  throw new AppError(
    'UNKNOWN_RUN',
    only === undefined ? `There is no run ${id}.` : `${id === '' ? 'An empty id' : id} means several runs.`,
    {
      hint: '`parahack-sync runs` lists them with their ids.',
    },
  );
}

/**
 * The org's mirror, and the fresh copy beside it where there is one. A copy that has just taken the mirror's place has
 * brought its runs along, so the copy is left out when its runs are there.
 */
async function eachMirror(
  { mirrors }: Pick<RunsParts, 'mirrors'>,
  instanceUrl: string,
  work: (mirror: StoredMirror) => Promise<void>,
): Promise<void> {
  if (await mirrors.exists(instanceUrl)) {
    await using mirror = await mirrors.open(instanceUrl, { create: false });
    await work(mirror);
  }
  if (!(await mirrors.copies.exists(instanceUrl)) || (await isInPlace(mirrors, instanceUrl))) return;
  try {
    await using copy = await mirrors.copies.open(instanceUrl, { create: false });
    await work(copy);
  } catch (error) {
    // It may take the mirror's place, or be given up, at any moment.
    if (!isAppError(error, 'NO_MIRROR', 'MIRROR_REPLACED')) throw error;
  }
}

/** Between a push's first word and its taking of the lease lies no request, only a busy machine. */
const pushBeginsWithinMs = 10_000;

/** A run that says it is under way, while no process holds the lease that it needs, was killed. */
export async function runView(parts: ViewParts, instanceUrl: string, run: Run): Promise<RunView> {
  const isAtWork = async () =>
    run.kind === 'push'
      ? (await isSending(parts, instanceUrl)) || parts.clock.now() - run.startedAt < pushBeginsWithinMs
      : isOrgLeased(parts, instanceUrl);
  // Asked of the few that say so: a lease is a file to look at.
  const killed = run.status === 'running' && !(await isAtWork());
  const status = killed ? 'interrupted' : run.status;
  const { id, kind, startedAt, finishedAt, counts, apiCalls, error } = run;
  return {
    id,
    kind,
    instanceUrl,
    status,
    startedAt: isoTime(startedAt),
    finishedAt: isoTime(finishedAt),
    counts,
    apiCalls: status === 'interrupted' && finishedAt === null ? null : apiCalls,
    error,
  };
}
