import { abortReasonOf, throwIfAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { sameId } from '../../org/record-id.ts';
import { contact, type SyncedObject } from '../../org/synced-object.ts';
import type { PageCounts } from '../../sync/merge/page-counts.ts';
import { pageTimes } from '../../sync/merge/page-row.ts';
import type { ContactStore } from '../../sync/ports/contact-store.ts';
import type { Journal } from '../../sync/ports/journal.ts';
import type { Lease } from '../../sync/ports/leases.ts';
import type { Batch, BatchOutcome, MirrorIdentity } from '../../sync/ports/mirror.ts';
import type { Outbox } from '../../sync/ports/outbox.ts';
import type { PageBody, PageKey, PageOutcome } from '../../sync/ports/page.ts';
import type { SchemaStore } from '../../sync/ports/schema-store.ts';
import type { HourCalls, StoredMirror } from '../../sync/ports/stored-mirror.ts';
import type { Sweep } from '../../sync/ports/sweep.ts';
import type { TwoWay } from '../../sync/ports/two-way.ts';
import { cellKind } from '../page/cell-kind.ts';
import { PageReader } from '../page/page-reader.ts';
import { PlainRows } from '../page/plain-rows.ts';
import { SharedBuffers } from '../page/shared-buffers.ts';
import { type Fence, kindOfBatch } from '../write-kinds.ts';
import { MemoryContactStore } from './memory-contact-store.ts';
import { adoptKeysOfNew, applyEffects } from './memory-effects.ts';
import { MemoryDisk, MemoryFile } from './memory-file.ts';
import { MemoryJournal } from './memory-journal.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { MemorySchemaStore } from './memory-schema-store.ts';
import type { MemoryState } from './memory-state.ts';
import { MemorySweep } from './memory-sweep.ts';
import { applyPage, applyTombstones, type PlainPage } from './merge-page.ts';

interface ReadPage {
  reader: PageReader;
  rows: PlainRows;
}

/**
 * A mirror that lives as long as its process, for tests and trials: the ports without a file, on the same merge rule
 * and parsers.
 */
export class MemoryMirror implements StoredMirror {
  readonly location = ':memory:';
  readonly schema: SchemaStore;
  readonly contacts: ContactStore;
  readonly journal: Journal;
  readonly sweep: Sweep;
  readonly outbox: Outbox;
  readonly #object: SyncedObject;
  readonly #disk: MemoryDisk;
  readonly #fences: readonly Fence[];
  readonly #clock: Clock;
  readonly #file: MemoryFile;

  /** `disk`: what another view of the same mirror, of another object, lies on. `fences`: what it is written under. */
  constructor(
    clock: Clock,
    object: SyncedObject = contact,
    disk = new MemoryDisk(),
    fences: readonly Fence[] = [],
  ) {
    this.#clock = clock;
    this.#object = object;
    this.#disk = disk;
    this.#fences = fences;
    this.#file = new MemoryFile(disk, object.name, fences);
    this.schema = new MemorySchemaStore(this.#file);
    this.contacts = new MemoryContactStore(this.#file);
    this.journal = new MemoryJournal(this.#file);
    this.sweep = new MemorySweep(this.#file);
    this.outbox = new MemoryOutbox(this.#file);
  }

  async under({ name, fence }: Lease): Promise<MemoryMirror> {
    const fences = [...this.#fences.filter((other) => other.name !== name), { name, fence }];
    const mirror = new MemoryMirror(this.#clock, this.#object, this.#disk, fences);
    mirror.#file.write('claim-lease', () => {});
    return mirror;
  }

  async fenceOf(leaseName: string): Promise<number> {
    return this.#file.read(({ fences }) => fences.get(leaseName) ?? 0);
  }

  async identity(): Promise<MirrorIdentity | null> {
    return this.#file.read(({ identity }) => identity && { ...identity });
  }

  async setIdentity(identity: MirrorIdentity): Promise<void> {
    this.#file.write('claim-identity', (state) => {
      const isOther = state.identity !== null && !sameId(state.identity.userId, identity.userId);
      // Another user sees others: what was read is no more what the org shows.
      if (isOther && state.cursors.updated !== null) state.reconciledAt = 0;
      state.identity = { ...identity };
    });
  }

  async formerCalls(): Promise<HourCalls[]> {
    return [];
  }

  async forgetFormerCalls(): Promise<void> {}

  async commit(batch: Batch, { signal }: { signal?: AbortSignal } = {}): Promise<BatchOutcome> {
    const { page, tombstones = [], effects = [] } = batch;
    throwIfAborted(signal);
    const began = this.#clock.monotonicMs();
    const read = page === undefined ? null : await this.#read(page, signal);
    // The org's time when the last row had come: at the latest what has passed here since it was asked for.
    const answeredAt =
      page === undefined ? 0 : (page.answeredAt?.() ?? page.readAt + (this.#clock.monotonicMs() - began));
    throwIfAborted(signal);
    const kind = kindOfBatch({ page: page !== undefined, tombstones, effects });
    return this.#file.write(kind, (state) => {
      let outcome: PageOutcome | null = null;
      let plain: PlainPage | null = null;
      let buried = 0;
      const before = state.contacts.size;
      if (page !== undefined && read !== null) {
        const { columns } = read.reader.parser;
        plain = {
          columns,
          rows: read.rows.rows,
          partial: page.partial === true,
          ...pageTimes(page.readAt, answeredAt),
        };
        const counts = applyPage(state, plain);
        outcome = outcomeOf(read, counts);
        buried += counts.buried;
      }
      buried += applyTombstones(state, tombstones);
      adoptKeysOfNew(state, before);
      const times = [page?.readAt ?? 0, ...tombstones.map(({ evidenceAt }) => evidenceAt)];
      const latest = times.reduce((a, b) => Math.max(a, b), 0);
      if (latest > (state.latestReadAt ?? 0)) state.latestReadAt = latest;
      return { page: outcome, buried, ...applyEffects(state, effects, outcome, plain) };
    });
  }

  async twoWay(): Promise<TwoWay> {
    return this.#file.read(twoWayIn);
  }

  async setTwoWay(change: Partial<TwoWay>): Promise<void> {
    this.#file.write('set-two-way', (state) => {
      state.twoWay = { ...twoWayIn(state), ...change };
    });
  }

  async extendSearchIndex(): Promise<boolean> {
    return false;
  }

  async isInPlace(): Promise<boolean> {
    return true;
  }

  async checkIntegrity(): Promise<string[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #read(body: PageBody, signal: AbortSignal | undefined): Promise<ReadPage> {
    const kinds = new Map((await this.schema.fields()).map((field) => [field.name, cellKind(field)]));
    let rows = new PlainRows([], []);
    const shape = {
      fields: body.fields,
      kindOf: (name: string) => kinds.get(name),
      openSink: (columns: readonly string[]) => {
        rows = new PlainRows(
          columns.map((name) => kinds.get(name) ?? 'text'),
          columns,
        );
        return rows;
      },
    };
    const iterator = body.blocks[Symbol.asyncIterator]();
    let ended = false;
    try {
      const reader = new PageReader(body, shape, new SharedBuffers());
      for (;;) {
        const next = await orAbort(iterator.next(), signal);
        if (next.done === true) break;
        reader.add(next.value);
      }
      ended = true;
      reader.end();
      return { reader, rows };
    } finally {
      // Not awaited: a stream that never answers must not keep its error from being told.
      if (!ended) void iterator.return?.().catch(() => {});
    }
  }
}

/** An abort beats a stream that stands still. */
async function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(abortReasonOf(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function outcomeOf({ reader: { parser }, rows: { rows } }: ReadPage, counts: PageCounts): PageOutcome {
  const { rows: read, absent, done, totalSize, columns } = parser;
  const { inserted, updated, undeleted } = counts;
  const last = rows.at(-1);
  const cell = (name: string) => last?.[columns.indexOf(name)] ?? null;
  const [createdDate, id] = [cell('CreatedDate'), cell('Id')];
  const lastKey: PageKey | null =
    typeof createdDate === 'string' && typeof id === 'string' ? { createdDate, id } : null;
  return {
    rows: read + absent,
    inserted,
    updated,
    unchanged: read - inserted - updated,
    undeleted,
    absent,
    done,
    totalSize,
    lastKey,
  };
}

function twoWayIn({ twoWay }: Pick<MemoryState, 'twoWay'>): TwoWay {
  return { on: false, conflicts: 'salesforce-wins', ...twoWay };
}
