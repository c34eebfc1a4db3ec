import { isoTime } from '../base/iso-time.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type {
  InvalidInput,
  PushCounts,
  PushItem,
  PushResult,
  PushStatus,
  RejectedRecord,
} from '../contract/push.ts';
import type { Person } from '../sync/ports/contact-reader.ts';
import type { OutboxState } from '../sync/ports/outbox-entry.ts';
import type { OutboxStaging, StagingOutcome } from '../sync/ports/outbox-staging.ts';
import type { PushReport } from '../sync/push/push.ts';
import { matchedIn, tellMatched } from './matched-contacts.ts';

/** Who these contacts are, by Id, as far as that is known. */
type PeopleById = (ids: readonly string[]) => Promise<ReadonlyMap<string, Person>>;

/** Kinds of faults that are told one by one; `faults()` has every fault. */
const toldKinds = 20;

/** A push's report as the surfaces read it. `close` ends what the report still needs. */
export async function pushResult(
  instanceUrl: string,
  report: PushReport,
  people: PeopleById,
  close: () => Promise<void>,
): Promise<PushResult> {
  const statuses = new Map<PushStatus, number>();
  for (const { records, ...outcome } of report.tally) {
    const status = report.kind === 'checked' ? checkedStatusOf(outcome) : statusOf(outcome);
    statuses.set(status, (statuses.get(status) ?? 0) + records);
  }
  const invalid = report.kind === 'invalid' ? await invalidInput(report) : null;
  return new ReportedPush(instanceUrl, report, statuses, { invalid, people, close });
}

/** A class, so that whoever passes results on does not take it for plain data and copy it. */
class ReportedPush implements PushResult {
  readonly records: number;
  readonly counts: PushCounts;
  readonly statuses: ReadonlyMap<PushStatus, number>;
  readonly invalid: InvalidInput | null;
  readonly #staging: OutboxStaging;
  readonly #telling: PushReport['telling'];
  readonly #isChecked: boolean;
  readonly #people: PeopleById;
  readonly #close: () => Promise<void>;

  constructor(
    instanceUrl: string,
    {
      staging,
      telling,
      counts,
      kind,
      ignored,
      plan,
      resumedFrom,
      resumedOpen,
      overtaken,
      replaced,
      olderEntries,
      runId,
      behind,
      stopped,
    }: PushReport,
    statuses: ReadonlyMap<PushStatus, number>,
    {
      invalid,
      people,
      close,
    }: { invalid: InvalidInput | null; people: PeopleById; close: () => Promise<void> },
  ) {
    const having = (...wanted: PushStatus[]) =>
      wanted.reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0);
    this.#staging = staging;
    this.#telling = telling;
    this.#isChecked = kind === 'checked';
    this.#people = people;
    this.#close = close;
    this.records = counts.records;
    this.statuses = statuses;
    this.invalid = invalid;
    this.counts = {
      instanceUrl,
      created: having('created'),
      updated: having('updated'),
      deleted: having('deleted'),
      rejected: having('rejected'),
      dropped: having('dropped'),
      queued: having('queued', 'held'),
      inDoubt: having('in-doubt'),
      creates: counts.creates,
      updates: counts.updates,
      deletes: counts.deletes,
      upserts: counts.upserts,
      ignored,
      olderEntries,
      resumedFrom: resumedFrom === null ? null : isoTime(resumedFrom),
      resumedOpen,
      overtaken,
      replaced,
      plan,
      runId,
      behind: { conflicts: behind.conflict, held: behind.held, inDoubt: behind['in-doubt'] },
      stopped: stopped === null ? null : errorInfoOf(stopped),
    };
  }

  get isTold(): boolean {
    return this.#telling.isTold;
  }

  set isTold(isTold: boolean) {
    this.#telling.isTold = isTold;
  }

  async *results(): AsyncGenerator<PushItem[]> {
    if (this.invalid !== null) return;
    for await (const page of this.#staging.items()) {
      const known = await this.#people(page.flatMap(({ outcome }) => matchedIn(outcome?.errors ?? [])));
      yield page.map(({ source, index, line, key, outcome }): PushItem => {
        if (this.#isChecked && checkedStatusOf(outcome) === 'valid')
          return { index, source, line, key: null, status: 'valid', id: null, errors: [] };
        if (outcome === null)
          return { index, source, line, key, status: 'in-doubt', id: null, errors: [lost] };
        const { contactId: id, errors } = outcome;
        return {
          index,
          source,
          line,
          key: this.#isChecked ? null : key,
          status: statusOf(outcome),
          id,
          errors: tellMatched(errors, known),
        };
      });
    }
  }

  async *rejects(): AsyncGenerator<RejectedRecord[]> {
    for await (const page of this.#staging.rejects()) {
      const known = await this.#people(page.flatMap(({ errors }) => matchedIn(errors)));
      yield page.map(({ given, errors, ...rest }) => ({
        ...rest,
        fields: given,
        errors: tellMatched(errors, known),
      }));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

async function invalidInput({ staging, counts }: PushReport): Promise<InvalidInput> {
  const { groups, total } = await staging.faultGroups(toldKinds);
  return {
    records: counts.faulty,
    total: counts.records,
    kinds: groups,
    kindsInAll: total,
    faults: () => staging.faults(),
  };
}

/** The outbox was replaced while this push was on its way; whether a record was sent, nobody knows. */
const lost = {
  code: 'ENTRY_LOST',
  message:
    'The outbox no longer has the entry of this record, for its mirror was deleted or replaced meanwhile: look in Salesforce whether the contact is there before you push it again.',
  fields: [],
  duplicates: [],
};

const doneStatus = { create: 'created', update: 'updated', delete: 'deleted' } as const;
const openStatus: Record<Exclude<OutboxState, 'done'>, PushStatus> = {
  pending: 'queued',
  sent: 'in-doubt',
  'in-doubt': 'in-doubt',
  rejected: 'rejected',
  held: 'held',
  conflict: 'conflict',
  dropped: 'dropped',
};

function statusOf({
  op,
  state,
  created,
}: Pick<StagingOutcome, 'op' | 'created'> & { state: OutboxState | null }): PushStatus {
  if (state === null) return 'in-doubt';
  if (state !== 'done') return openStatus[state];
  // An upsert may have met a contact that was there.
  return op === 'create' && created === false ? 'updated' : doneStatus[op];
}

/** A dry run calls a record valid, but for one that a person has given up: the push that it is of would not send it. */
function checkedStatusOf(outcome: { state: OutboxState | null } | null): 'valid' | 'dropped' {
  return outcome?.state === 'dropped' ? 'dropped' : 'valid';
}
