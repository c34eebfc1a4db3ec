import { AppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { Run } from '../sync/ports/run.ts';
import { toldOrgs } from './chosen-orgs.ts';
import type { RunResult, RunsResult, RunView } from './contract/runs.ts';
import type { Services } from './services.ts';

export async function listRuns(
  services: Services,
  { org, limit }: { org: string | null; limit: number },
): Promise<RunsResult> {
  const runs: RunView[] = [];
  for (const { instanceUrl } of toldOrgs(services, org)) {
    if (!services.mirrors.exists(instanceUrl)) continue;
    await using mirror = await services.mirrors.open(instanceUrl, { create: false });
    for (const run of await mirror.runs({ limit })) runs.push(runView(instanceUrl, run));
  }
  runs.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  return { runs: runs.slice(0, limit) };
}

/** `id` may be the beginning of a run's id, as long as it means one run only. */
export async function showRun(services: Services, { id }: { id: string }): Promise<RunResult> {
  const found: RunResult[] = [];
  for (const { instanceUrl } of toldOrgs(services, null)) {
    if (!services.mirrors.exists(instanceUrl)) continue;
    await using mirror = await services.mirrors.open(instanceUrl, { create: false });
    for (const run of await mirror.runsByPrefix(id)) {
      const steps = (await mirror.steps(run.id)).map((step) => ({
        ...step,
        startedAt: isoTime(step.startedAt),
        finishedAt: isoTime(step.finishedAt),
      }));
      found.push({ run: { ...runView(instanceUrl, run), steps } });
    }
  }
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new AppError(
    'UNKNOWN_RUN',
    only === undefined ? `There is no run ${id}.` : `${id} means several runs.`,
    {
      hint: '`parahack-sync runs` lists them with their ids.',
    },
  );
}

export function runView(instanceUrl: string, run: Run): RunView {
  const { id, kind, status, startedAt, finishedAt, counts, apiCalls, error } = run;
  return {
    id,
    kind,
    instanceUrl,
    status,
    startedAt: isoTime(startedAt),
    finishedAt: isoTime(finishedAt),
    counts,
    apiCalls,
    error,
  };
}
