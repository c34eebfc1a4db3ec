import type { OutboxEntry, OutboxState } from '../sync/ports/outbox.ts';
import { push } from '../sync/push/push.ts';
import type { CallContext } from './app.ts';
import { oneOrg } from './chosen-orgs.ts';
import { connectOrg } from './connect-org.ts';
import type { ProgressEvent } from './contract/progress.ts';
import type { PushItem, PushOptions, PushRecord, PushResult, PushStatus } from './contract/push.ts';
import { errorInfoOf } from './error-info.ts';
import { withDrainLock } from './org-lock.ts';
import { progressOf } from './progress-events.ts';
import type { Services } from './services.ts';

export async function pushRecords(
  services: Services,
  options: PushOptions,
  { signal, onEvent }: CallContext<ProgressEvent>,
): Promise<PushResult> {
  const org = oneOrg(services, options.org);
  const { instanceUrl } = org;
  await using connected = await connectOrg(services, org, { signal, onEvent: progressOf(onEvent) });
  const { upsertField, dryRun, queue, allOrNone, allowDuplicates } = options;
  const records: PushRecord[] = [];
  for await (const batch of options.records) records.push(...batch);
  const onWait = () => onEvent({ event: 'push:waiting', instanceUrl });
  const report = await push(connected.context, {
    records,
    upsertField,
    dryRun,
    queue,
    allOrNone,
    allowDuplicates,
    withDrainLock: withDrainLock(services, instanceUrl, signal, onWait),
    signal,
  });
  const results = report.entries.map(({ record, entry }): PushItem => {
    const { index, source, line } = record;
    return {
      index,
      source,
      line,
      key: entry?.key ?? null,
      status: entry === null ? 'valid' : statusOf(entry),
      id: entry?.contactId ?? null,
      errors: entry?.errors ?? [],
    };
  });
  const count = (...statuses: PushStatus[]) =>
    results.filter(({ status }) => statuses.includes(status)).length;
  return {
    instanceUrl,
    results,
    created: count('created'),
    updated: count('updated'),
    deleted: count('deleted'),
    rejected: count('rejected'),
    queued: count('queued', 'held'),
    inDoubt: count('in-doubt'),
    runId: report.runId,
    stopped: report.stopped === null ? null : errorInfoOf(report.stopped),
  };
}

const doneStatus = { create: 'created', update: 'updated', delete: 'deleted' } as const;
const openStatus: Record<Exclude<OutboxState, 'done'>, PushStatus> = {
  pending: 'queued',
  sent: 'in-doubt',
  'in-doubt': 'in-doubt',
  rejected: 'rejected',
  held: 'held',
  conflict: 'conflict',
  dropped: 'rejected',
};

function statusOf({ op, state, created }: OutboxEntry): PushStatus {
  if (state !== 'done') return openStatus[state];
  // An upsert may have met a contact that was there.
  return op === 'create' && created === false ? 'updated' : doneStatus[op];
}
