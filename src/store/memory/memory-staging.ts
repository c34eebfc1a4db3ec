import { randomUUID } from 'node:crypto';
import { jsonOf, membersOfJson } from '../../base/number-text.ts';
import type { SendApi } from '../../sync/ports/outbox-entry.ts';
import type {
  Brake,
  CommitOutcome,
  FaultGroup,
  InputPlace,
  OutboxStaging,
  OutcomeTally,
  Resumption,
  StagingCounts,
  StagingDraft,
  StagingFault,
  StagingItem,
  StagingRecord,
  StagingReject,
} from '../../sync/ports/outbox-staging.ts';
import { RecordDigest } from '../record-digest.ts';
import { standingFor } from '../replaced-entry.ts';
import { commitStaging, draftStaging, refuseStaged } from './commit-staging.ts';
import { kept, type MemoryFile } from './memory-file.ts';
import { entryOf, type MemoryEntry } from './memory-state.ts';

/** `given` as JSON, as a file would hold it. */
type StagedRecord = Omit<StagingRecord, 'given'> & { given: string | null };
type StagedFault = StagingFault & { record: number };

/** A push on its way in: staged beside the mirror's state, where nobody sees it. */
export class MemoryStaging implements OutboxStaging {
  readonly #file: MemoryFile;
  readonly #records: StagedRecord[] = [];
  /** In the order in which they were found. */
  #faults: StagedFault[] = [];
  /** Null before the commit. */
  #pushId: string | null = null;
  /** The push that a draft found them to be already. */
  #draftOf: string | null = null;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  async add(records: readonly StagingRecord[]): Promise<void> {
    for (const record of records) {
      const { given, ...rest } = record;
      const own = { ...kept(rest), given: given === null ? null : jsonOf(given) };
      const place = this.#records.push(own) - 1;
      for (const fault of record.faults) this.#refuse(place, fault);
    }
  }

  async refuseMixed(fault: StagingFault): Promise<void> {
    const [creates, others] = [new Set<string>(), new Set<string>()];
    for (const { source, entry } of this.#records) (entry.op === 'create' ? creates : others).add(source);
    this.#records.forEach(({ source, entry }, place) => {
      if (entry.op === 'create' && creates.has(source) && others.has(source)) this.#refuse(place, fault);
    });
  }

  async refuseRepeated(fault: StagingFault): Promise<void> {
    const firsts = new Map<string, InputPlace>();
    this.#records.forEach((record, place) => {
      const { uniqueValue, entry } = record;
      if (uniqueValue === null) return;
      const first = firsts.get(uniqueValue);
      firsts.set(uniqueValue, first ?? record);
      if (first === undefined) return;
      const line = first.line === null ? '' : `, line ${first.line}`;
      const told = [
        String(entry.changes[fault.field!] ?? uniqueValue),
        `${first.source}${line}, record ${first.index + 1}`,
      ];
      this.#refuse(place, { ...fault, message: fault.message.replaceAll('%s', () => told.shift()!) });
    });
  }

  async refuseReplaced(resumption: Resumption): Promise<void> {
    const push = { digest: this.#digest(), records: this.#records };
    const refused = this.#file.write('queue-push', (state) => refuseStaged(state, push, resumption));
    for (const { place, fault } of refused) this.#refuse(place, fault);
  }

  async withdraw(source: string, code: string): Promise<void> {
    this.#faults = this.#faults.filter(
      (fault) => fault.code !== code || this.#records[fault.record]!.source !== source,
    );
  }

  async counts(): Promise<StagingCounts> {
    const count = (choose: (entry: StagingRecord['entry']) => boolean) =>
      this.#records.filter(({ entry }) => choose(entry)).length;
    return {
      records: this.#records.length,
      creates: count(({ op, upsertField }) => op === 'create' && upsertField === null),
      updates: count(({ op }) => op === 'update'),
      deletes: count(({ op }) => op === 'delete'),
      upserts: count(({ op, upsertField }) => op === 'create' && upsertField !== null),
      faults: this.#faults.length,
      faulty: new Set(this.#faults.map(({ record }) => record)).size,
    };
  }

  async faultGroups(limit: number): Promise<{ groups: FaultGroup[]; total: number }> {
    const groups = new Map<string, { first: StagedFault; records: Set<number> }>();
    for (const fault of this.#faults) {
      const name = JSON.stringify([this.#records[fault.record]!.source, fault.field, fault.code]);
      const group = groups.get(name) ?? { first: fault, records: new Set() };
      group.records.add(fault.record);
      groups.set(name, group);
    }
    const inOrder = [...groups.values()].sort((a, b) => a.first.record - b.first.record);
    return {
      groups: inOrder
        .slice(0, limit)
        .map(({ first, records }) => ({ ...this.#told(first), records: records.size })),
      total: groups.size,
    };
  }

  async *faults(): AsyncGenerator<(InputPlace & StagingFault)[]> {
    const inOrder = this.#faults.toSorted((a, b) => a.record - b.record);
    if (inOrder.length > 0) yield inOrder.map((fault) => this.#told(fault));
  }

  async commit(brake: Brake, resumption: Resumption, api: SendApi | null = null): Promise<CommitOutcome> {
    const push = { id: randomUUID(), digest: this.#digest(), records: this.#records, api };
    const { pushId, refused, ...committed } = this.#file.write('queue-push', (state) =>
      commitStaging(state, brake, push, resumption),
    );
    this.#pushId = pushId;
    for (const { place, fault } of refused) this.#refuse(place, fault);
    return { ...committed, refused: refused.length };
  }

  async draft(brake: Brake, resumption: Resumption, api: SendApi | null = null): Promise<StagingDraft> {
    const push = { id: randomUUID(), digest: this.#digest(), records: this.#records, api };
    const { entries, pushId, ...counts } = this.#file.write('queue-push', (state) =>
      draftStaging(state, brake, push, resumption),
    );
    this.#draftOf = pushId;
    return {
      ...counts,
      list: async ({ after, limit }) =>
        entries
          .filter(({ seq }) => seq > after)
          .slice(0, limit)
          .map((entry) => kept(entryOf(entry))),
      ownOf: async (keys) =>
        keys.filter((key) =>
          this.#file.read(({ outbox }) => pushId !== null && outbox.get(key)?.push?.id === pushId),
        ),
    };
  }

  async end({ queued }: { queued: boolean }): Promise<void> {
    const id = this.#pushId;
    if (id === null) return;
    this.#file.write('queue-push', ({ pushes, outbox }) => {
      const push = pushes.get(id);
      const mayBeLetOut = [...outbox.values()].some(
        (entry) => entry.push?.id === id && entry.state === 'rejected',
      );
      if ((queued || mayBeLetOut) && push !== undefined) pushes.set(id, { ...push, queued: true });
      else pushes.delete(id);
    });
  }

  async countOwn(keys: readonly string[]): Promise<number> {
    const own = new Set([...this.#entries().values()].map(({ key }) => key));
    return keys.filter((key) => own.has(key)).length;
  }

  async tally(): Promise<OutcomeTally[]> {
    const entries = this.#standing();
    const tallies = new Map<string, OutcomeTally>();
    this.#records.forEach(({ entry: { op } }, place) => {
      const standing = entries.get(place);
      const { state = null, created = null } = standing ?? {};
      const does = standing?.op ?? op;
      const name = JSON.stringify([does, state, created]);
      const records = (tallies.get(name)?.records ?? 0) + 1;
      tallies.set(name, { op: does, state, created, records });
    });
    return [...tallies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tally]) => tally);
  }

  async *items(): AsyncGenerator<StagingItem[]> {
    const entries = this.#standing();
    if (this.#records.length === 0) return;
    yield this.#records.map((record, place) => {
      const entry = entries.get(place);
      const { state, contactId, created, errors } = entry ?? {};
      return {
        ...placeOf(record),
        key: entry?.key ?? record.entry.key,
        outcome:
          state === undefined
            ? null
            : kept({
                op: entry?.op ?? record.entry.op,
                state,
                contactId: contactId ?? null,
                created: created ?? null,
                errors: errors ?? [],
              }),
      };
    });
  }

  async *rejects(): AsyncGenerator<StagingReject[]> {
    const entries = this.#standing();
    const rejects = this.#records.flatMap((record, place): StagingReject[] => {
      const entry = entries.get(place);
      const refused = entry?.state === 'rejected';
      const errors = this.#pushId === null ? this.#errorsOf(place) : (entry?.errors ?? []);
      const isReject = this.#pushId === null ? errors.length > 0 : refused;
      if (!isReject || record.given === null) return [];
      const given = membersOfJson(record.given);
      const key = this.#pushId === null ? record.replaces : (entry?.key ?? null);
      return [{ ...placeOf(record), given, key, errors: kept(errors) }];
    });
    if (rejects.length > 0) yield rejects;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #refuse(record: number, { field, code, message }: StagingFault): void {
    this.#faults.push({ record, field, code, message });
  }

  #told({ record, field, code, message }: StagedFault): InputPlace & StagingFault {
    return { ...placeOf(this.#records[record]!), field, code, message };
  }

  #errorsOf(place: number) {
    return this.#faults
      .filter(({ record }) => record === place)
      .map(({ field, code, message }) => ({ code, message, fields: field === null ? [] : [field] }));
  }

  /** By place, the entries that stand for the push's: where one was mended, what was pushed last in its place. */
  #standing(): Map<number, MemoryEntry> {
    const find = (key: string) => this.#file.read(({ outbox }) => outbox.get(key));
    const standing = new Map<number, MemoryEntry>();
    for (const [place, entry] of this.#entries())
      standing.set(place, find(standingFor(entry.key, find)?.key ?? entry.key) ?? entry);
    return standing;
  }

  /** The entries by place of the push, or of the one that a draft found; empty before either. */
  #entries(): Map<number, MemoryEntry> {
    const id = this.#pushId ?? this.#draftOf;
    return this.#file.read(({ outbox }) => {
      const own = new Map<number, MemoryEntry>();
      if (id === null) return own;
      for (const entry of outbox.values()) if (entry.push?.id === id) own.set(entry.push.place, entry);
      return own;
    });
  }

  #digest(): string {
    const digest = new RecordDigest();
    for (const record of this.#records) digest.add(record, JSON.stringify(record.entry.changes));
    return digest.text();
  }
}

function placeOf({ source, index, line }: InputPlace): InputPlace {
  return { source, index, line };
}
