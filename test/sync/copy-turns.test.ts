import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import { MemoryDisk } from '../../src/store/memory/memory-file.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import { copyTurn } from '../../src/sync/backfill/copy-turn.ts';
import { finishFirstCopy } from '../../src/sync/backfill/finish-first-copy.ts';
import { planFirstCopy } from '../../src/sync/backfill/plan-first-copy.ts';
import { resumableCopy } from '../../src/sync/backfill/resumable-copy.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import type { Run } from '../../src/sync/ports/run.ts';
import { control } from '../e2e/org.ts';
import { repeats } from '../support/deep.ts';
import { heldLease } from '../support/leases.ts';
import fc from '../support/properties.ts';
import { openRig, type Rig } from './rig.ts';

const contacts = 480;
/** Ten times as many in the deep run. */
const numRuns = repeats(12);
/** Five workers look at the clock once each before the first page is asked for. */
const leastLooks = 10;
const never = new AbortController().signal;
let rig: Rig;

beforeAll(async () => {
  rig = await openRig({ contacts });
  await control(rig.emulator.url, 'settings', { maxPageRows: 30, bulkPageRows: 30 });
});
afterAll(() => rig[Symbol.asyncDispose]());

/** What every call begins with: nothing but the mirror, as in a process of its own. */
function processWith(mirror: Mirror, more: Partial<SyncContext> = {}): SyncContext {
  return { ...rig.context, mirror, ...more };
}

/** A clock of which each look takes a second. */
function steppingClock(): SyncContext['clock'] {
  let now = Date.now();
  return { ...rig.context.clock, now: () => (now += 1_000) };
}

/** A mirror in memory, under a lease. */
function emptyMemory(): MemoryMirror {
  return new MemoryMirror(rig.context.clock, contact, new MemoryDisk(), [heldLease()]);
}

type Kind = 'memory' | 'file';
async function emptyMirror(kind: Kind): Promise<Mirror & AsyncDisposable> {
  if (kind === 'memory') return emptyMemory();
  await rig.mirrors.copies.remove(rig.emulator.url, heldLease());
  return rig.mirrors.copies.open(rig.emulator.url, { create: true, lease: heldLease() });
}

/** What is in the mirror and what the run counts, less what differs by nature: how often it asked, and when. */
async function outcomeOf(mirror: Mirror, runId: string) {
  const run = await mirror.journal.run(runId);
  const { rows, inserted, updated, unchanged, unread, orgContacts, mirrorContacts } = run!.counts;
  return {
    status: run!.status,
    counts: { rows, inserted, updated, unchanged, unread, orgContacts, mirrorContacts },
    cursors: Object.values(await mirror.journal.cursors()).map((at) => typeof at),
    contacts: await mirror.contacts.counts(),
    pending: (await mirror.journal.chunks(runId, 'pending')).length,
  };
}

const whole = {
  status: 'complete',
  counts: {
    rows: contacts,
    inserted: contacts,
    updated: undefined,
    unchanged: undefined,
    unread: undefined,
    orgContacts: contacts,
    mirrorContacts: contacts,
  },
  cursors: ['number', 'number'],
  contacts: { contacts, deleted: 0 },
  pending: 0,
};

describe('a first copy', () => {
  it.each([
    ['rest', 'memory'],
    ['bulk', 'memory'],
    ['rest', 'file'],
    ['bulk', 'file'],
  ] as const)(
    'split into turns anyhow ends as in one: %s, %s',
    async (api, kind) => {
      let turnsInAll = 0;
      const turn = fc.record({
        looks: fc.integer({ min: leastLooks, max: 14 }),
        concurrency: fc.integer({ min: 1, max: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 4 }), async (turns) => {
          await using mirror = await emptyMirror(kind);
          const { runId } = await planFirstCopy(processWith(mirror), { api, concurrency: 3, signal: never });
          let left = Number.POSITIVE_INFINITY;
          let rows = 0;
          for (let i = 0; left > 0; i++) {
            const { looks, concurrency } = turns[i % turns.length]!;
            const clock = steppingClock();
            const until = clock.now() + looks * 1_000;
            // Each call's own process: only the mirror is the same.
            const again = await planFirstCopy(processWith(mirror), { signal: never });
            expect(again).toMatchObject({ runId, isResumed: true, rowsBefore: rows });
            const report = await copyTurn(processWith(mirror, { clock }), runId, {
              until,
              concurrency,
              signal: never,
            });
            left = report.chunksLeft;
            rows += report.rows;
            turnsInAll++;
            if (i > 500) throw new Error('no turn gets on');
          }
          await finishFirstCopy(processWith(mirror), runId, { signal: never });
          expect(rows).toBe(contacts);
          expect(await outcomeOf(mirror, runId)).toEqual(whole);
        }),
        { numRuns, examples: [[[{ looks: leastLooks, concurrency: 5 }]]] },
      );
      expect(turnsInAll).toBeGreaterThan(2 * numRuns);
    },
    600_000,
  );

  it.each([
    ['rest', 'memory'],
    ['rest', 'file'],
    ['bulk', 'file'],
  ] as const)('whose turns overlap counts each contact once: %s, %s', async (api, kind) => {
    await using mirror = await emptyMirror(kind);
    const { runId } = await planFirstCopy(processWith(mirror), { api, signal: never });
    const turn = () => copyTurn(processWith(mirror), runId, { until: 'end', concurrency: 2, signal: never });
    await Promise.all([turn(), turn(), turn()]);
    await finishFirstCopy(processWith(mirror), runId, { signal: never });
    const { counts, ...rest } = await outcomeOf(mirror, runId);
    expect(rest).toEqual({
      status: 'complete',
      cursors: whole.cursors,
      contacts: whole.contacts,
      pending: 0,
    });
    expect(counts).toMatchObject({ rows: contacts, inserted: contacts });
  });

  it.each(['rest', 'bulk'] as const)(
    'killed before or behind any of its writes goes on to the same mirror and counts: %s',
    async (api) => {
      let commits = 0;
      await using mirror = emptyMemory();
      await throughCopy(processWith(counted(mirror, () => commits++)), api);
      expect(commits).toBeGreaterThan(10);
      // At each write once, without it and with it.
      for (let at = 0; at < commits; at++) {
        for (const isStored of [false, true]) {
          await using killed = emptyMemory();
          await expect(throughCopy(processWith(dying(killed, at, isStored)), api)).rejects.toThrow('killed');
          const begun = await resumableCopy(processWith(killed));
          const runId =
            begun === null ? (await ended(killed)).id : await throughCopy(processWith(killed), api);
          const { counts, ...rest } = await outcomeOf(killed, runId);
          const place = `write ${at}, ${isStored ? 'stored' : 'not stored'}`;
          expect(rest, place).toEqual({
            status: 'complete',
            cursors: whole.cursors,
            contacts: whole.contacts,
            pending: 0,
          });
          expect(counts, place).toMatchObject({ rows: contacts, inserted: contacts });
        }
      }
    },
    600_000,
  );

  it('cannot be ended while chunks are left, nor be read before it is planned', async () => {
    await using mirror = emptyMemory();
    const { runId } = await planFirstCopy(processWith(mirror), { api: 'rest', signal: never });
    await expect(finishFirstCopy(processWith(mirror), runId, { signal: never })).rejects.toThrow(
      'not read yet',
    );
    expect(await mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
    const unplanned = emptyMemory();
    const state = { t0: 1, api: 'rest', total: 1, reason: 'x', planned: false, fromEmpty: true };
    const other = await unplanned.journal.startRun('backfill', Date.now(), state);
    await expect(copyTurn(processWith(unplanned), other, { until: 'end', signal: never })).rejects.toThrow(
      'not planned',
    );
  });
});

/** The run of a copy that was killed when all of it was done. */
async function ended({ journal }: Mirror): Promise<Run> {
  const [run] = await journal.runs({ kind: 'backfill', status: 'complete' });
  return run!;
}

/** The three calls in a row; the run's id. */
async function throughCopy(context: SyncContext, api: 'rest' | 'bulk'): Promise<string> {
  const { runId } = await planFirstCopy(context, { api, concurrency: 2, signal: never });
  await copyTurn(context, runId, { until: 'end', concurrency: 2, signal: never });
  await finishFirstCopy(context, runId, { signal: never });
  return runId;
}

function counted(mirror: MemoryMirror, onCommit: () => void): Mirror {
  const commit: Mirror['commit'] = (batch, options) => {
    onCommit();
    return mirror.commit(batch, options);
  };
  return withCommit(mirror, commit);
}

/** From its write number `at` on, stored or not, nothing that the process does reaches the mirror. */
function dying(mirror: MemoryMirror, at: number, isStored: boolean): Mirror {
  let commits = 0;
  const commit: Mirror['commit'] = async (batch, options) => {
    const n = commits++;
    if (n < at) return mirror.commit(batch, options);
    if (n === at && isStored) await mirror.commit(batch, options);
    throw new Error('killed');
  };
  return withCommit(mirror, commit);
}

function withCommit(mirror: MemoryMirror, commit: Mirror['commit']): Mirror {
  const { schema, contacts: rows, journal, sweep, outbox } = mirror;
  const under: Mirror['under'] = async (lease) => withCommit(await mirror.under(lease), commit);
  return { schema, contacts: rows, journal, sweep, outbox, commit, under, twoWay: () => mirror.twoWay() };
}
