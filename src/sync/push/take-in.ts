import { randomUUID } from 'node:crypto';
import { throwIfAborted } from '../../base/abort.ts';
import { AppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import type { Field } from '../ports/field.ts';
import type { OutboxStaging } from '../ports/outbox-staging.ts';
import { RecordChecker } from './check/check-records.ts';
import { Columns, type DescribeObject } from './check/columns.ts';
import type { IgnoredColumn } from './check/ignored-columns.ts';
import { Parents } from './check/parents.ts';
import { upsertFieldOf } from './check/upsert-field.ts';
import { describeForPush } from './describe-for-push.ts';
import { collectionRows } from './plan/plan-requests.ts';
import type { PushJob } from './push-job.ts';
import { ambiguousNumber } from './values/number-forms.ts';

/** Reads, checks and stages the input; returns what was left out of it. */
export async function takeIn(
  context: SyncContext,
  job: PushJob,
  staging: OutboxStaging,
): Promise<IgnoredColumn[]> {
  refuseForJob(job);
  const { signal } = job;
  const fields = await describeForPush(context, job);
  const upsert = job.upsertField === null ? null : upsertFieldOf(job.upsertField, fields);
  const { object, remote, clock } = context;
  const checker = new RecordChecker(
    fields,
    new Columns(context.object, fields, describedOnce(context, signal)),
    new Parents(remote.queries, object.name),
    {
      object,
      upsert,
      allowDuplicates: job.allowDuplicates,
      byJob: job.api === 'bulk',
      ignoreUnknown: job.ignoreUnknown,
      ignoreReadOnly: job.ignoreReadOnly,
      allowDamaged: job.allowDamaged,
      decimal: job.decimal,
      atomicGroup: job.allOrNone ? randomUUID() : null,
      keepGiven: job.keepGiven,
      now: clock.now(),
    },
  );
  let records = 0;
  for await (const batch of job.records) {
    throwIfAborted(signal);
    records += batch.length;
    if (job.allOrNone && records > collectionRows) throw tooManyForOne();
    await staging.add(await checker.check(batch, { signal }));
  }
  for (const source of checker.numbers.settled()) await staging.withdraw(source, ambiguousNumber);
  if (!job.allowMixed) {
    const message = 'The record has no Id, while others of its input have one: it would be made anew.';
    await staging.refuseMixed({ field: 'Id', code: 'ID_MISSING', message });
  }
  if (upsert !== null) {
    const message = `${upsert.name} "%s" stands in the input twice, first in %s.`;
    await staging.refuseRepeated({ field: upsert.name, code: 'DUPLICATE_VALUE', message });
  }
  return checker.ignored.list();
}

/** What Salesforce has for single requests only. */
function refuseForJob({ api, allOrNone, allowDuplicates }: PushJob): void {
  if (api !== 'bulk' || (!allOrNone && !allowDuplicates)) return;
  const what = allOrNone
    ? ['commits each of its records on its own', '--all-or-none']
    : ["cannot pass by the org's duplicate rules", '--allow-duplicates'];
  throw new AppError(
    'INVALID_INPUT',
    `A bulk ingest job ${what[0]}: --api bulk and ${what[1]} exclude each other.`,
    {
      hint: `Push with --api collections, or without ${what[1]}.`,
    },
  );
}

function tooManyForOne(): AppError {
  return new AppError('INVALID_INPUT', `--all-or-none takes at most ${collectionRows} records.`, {
    hint: 'Salesforce commits at most 200 records as one: push fewer at a time, or without --all-or-none.',
  });
}

/** A parent's fields are asked for once a push. */
function describedOnce({ remote }: Pick<SyncContext, 'remote'>, signal: AbortSignal): DescribeObject {
  const described = new Map<string, Promise<readonly Field[] | null>>();
  return (object) => {
    const asked = described.get(object) ?? remote.queries.fieldsOf(object, { signal });
    described.set(object, asked);
    return asked;
  };
}
