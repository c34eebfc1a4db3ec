import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import type { RecordWrites, WriteOutcome } from '../../src/sync/ports/record-writes.ts';
import { drainOutbox } from '../../src/sync/push/drain.ts';
import { RunRecorder } from '../../src/sync/run-recorder.ts';
import { inMemory } from './in-memory.ts';

type Values = Record<string, unknown>;
const idOf = (n: number) => `003${String(n).padStart(12, '0')}`;
const account = (n: number) => `001${String(n).padStart(12, '0')}AAA`;

const done = (id: string): WriteOutcome => ({ kind: 'done', id, created: true });
const lost = (): WriteOutcome => ({
  kind: 'unknown',
  error: new AppError('NETWORK_UNREACHABLE', 'cut', { details: { network: 'cut' } }),
});
const locked = (): WriteOutcome => ({
  kind: 'not-done',
  ofRecord: true,
  error: new AppError('REFUSED_FOR_NOW', 'locked', { details: { errorCode: 'UNABLE_TO_LOCK_ROW' } }),
});

interface Sent {
  rows: readonly Values[];
  /** How many were under way with it when it began. */
  beside: number;
}

/** An org that answers each collection as told, and an outbox with these to be sent. */
function sending(entries: Partial<OutboxEntry>[], answerOf: (sent: Sent, n: number) => WriteOutcome[]) {
  const requests: Sent[] = [];
  const running = new Set<Sent>();
  let withKey = 0;
  const seen: { sent: number; isStored: boolean }[] = [];
  let made = 0;
  const send = async (rows: readonly Values[]): Promise<WriteOutcome[]> => {
    const sent = { rows, beside: running.size + 1 };
    running.add(sent);
    requests.push(sent);
    await onSend(sent, running);
    const stored = await context.mirror.outbox.list({ states: ['sent'] });
    const texts = new Set(stored.map(({ changes }) => String(changes.LastName)));
    const isStored = rows.every(({ LastName }) => texts.has(String(LastName)));
    seen.push({ sent: stored.length, isStored });
    await delay(2);
    running.delete(sent);
    return answerOf(sent, requests.indexOf(sent));
  };
  let onSend: (sent: Sent, running: ReadonlySet<Sent>) => unknown = () => {};
  const writes = {
    createMany: async (rows: readonly Values[]) => send(rows),
    updateMany: async (rows: readonly Values[]) => send(rows),
    createIdempotent: async () => {
      withKey++;
      return 'unsupported';
    },
  } as unknown as RecordWrites;
  const { context } = inMemory({ records: { writes } });
  // Waits pass at once.
  context.clock = { ...context.clock, sleep: async () => {} };
  const add = () =>
    context.mirror.outbox.add(
      entries.map((more, n) => ({
        key: `key-${n}`,
        op: 'create',
        contactKey: `key-${n}`,
        contactId: null,
        changes: { LastName: `Many ${n}` },
        base: null,
        upsertField: null,
        allowDuplicates: false,
        atomicGroup: null,
        createdAt: 0,
        ...more,
        state: 'pending' as const,
      })),
    );
  return {
    requests,
    seen,
    context,
    id: () => idOf(++made),
    withKey: () => withKey,
    onSend(listener: typeof onSend) {
      onSend = listener;
    },
    async drain(onSettled?: (keys: readonly string[]) => Promise<void>) {
      await add();
      const run = await RunRecorder.start(context, 'push', {});
      return drainOutbox(context, {
        run,
        signal: new AbortController().signal,
        ...(onSettled ? { onSettled } : {}),
      });
    },
  };
}

const creates = (count: number) => Array.from({ length: count }, () => ({}));

describe('many contacts are sent', () => {
  it('side by side from the first on, and each is stored as sent before it leaves', async () => {
    const org = sending(creates(4_000), ({ rows }) => rows.map(() => done(org.id())));
    await org.drain();
    expect(org.requests).toHaveLength(20);
    // `beside`: as each leaves, itself included.
    expect(org.requests.slice(0, 8).map(({ beside }) => beside)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(Math.max(...org.requests.map(({ beside }) => beside))).toBe(8);
    expect(org.seen.every(({ isStored }) => isStored)).toBe(true);
    // What a crash leaves in doubt.
    expect(Math.max(...org.seen.map(({ sent }) => sent))).toBeLessThanOrEqual(1_600);
    expect(await org.context.mirror.outbox.counts()).toMatchObject({ done: 4_000 });
  });

  it('the first of a few alone, so that an org which takes no keys says so once', async () => {
    const org = sending(creates(20), ({ rows }) => rows.map(() => done(org.id())));
    await org.drain();
    expect(org.withKey()).toBe(1);
    expect(await org.context.mirror.outbox.counts()).toMatchObject({ done: 20 });
  });

  it('and no more than eight collections are in doubt where answers cease', async () => {
    for (const from of [0, 1, 7, 12]) {
      const org = sending(creates(6_000), ({ rows }, n) =>
        rows.map(() => (n < from ? done(org.id()) : lost())),
      );
      const { stopped } = await org.drain();
      expect(stopped).toMatchObject({ code: 'NETWORK_UNREACHABLE' });
      const { 'in-doubt': inDoubt } = await org.context.mirror.outbox.counts();
      expect(inDoubt).toBe(200 * (org.requests.length - from));
      expect(org.requests.length - from).toBeLessThanOrEqual(8);
    }
  });

  it('one after the other once an answer was lost', async () => {
    const org = sending(creates(4_000), ({ rows }, n) => rows.map(() => (n === 6 ? lost() : done(org.id()))));
    const { stopped } = await org.drain();
    expect(stopped).toBeNull();
    expect(org.requests.slice(14, 18).map(({ beside }) => beside)).toEqual([1, 1, 1, 1]);
  });

  it('with fewer requests at once where they lock each other’s rows', async () => {
    const refused = new Set<string>();
    const org = sending(creates(6_000), ({ rows }, n) =>
      rows.map(({ LastName }, i) => {
        const isFirst = !refused.has(String(LastName));
        if (n < 10 || i >= 20 || !isFirst) return done(org.id());
        refused.add(String(LastName));
        return locked();
      }),
    );
    await org.drain();
    expect(await org.context.mirror.outbox.counts()).toMatchObject({ done: 6_000 });
    const before = org.requests.slice(0, 10).map(({ beside }) => beside);
    expect(Math.max(...before)).toBe(8);
    // Halved once for each round of refusals, and never more again.
    const after = org.requests.slice(10).map(({ beside }) => beside);
    expect(after).toEqual(after.toSorted((a, b) => b - a));
    expect(after.at(-1)).toBeLessThanOrEqual(2);
  });

  it('those of one account together, and never in two requests at once', async () => {
    const own = (n: number) => ({ changes: { LastName: `Many ${n}`, AccountId: account(n % 8) } });
    const entries = Array.from({ length: 3_600 }, (_, n) => (n % 2 === 0 ? own(n) : {}));
    const org = sending(entries, ({ rows }) => rows.map(() => done(org.id())));
    const accountsOf = ({ rows }: Sent) =>
      new Set(rows.map(({ AccountId }) => AccountId).filter((id) => id !== undefined));
    let both = 0;
    org.onSend((sent, running) => {
      for (const other of running)
        if (other !== sent && [...accountsOf(sent)].some((id) => accountsOf(other).has(id))) both++;
    });
    await org.drain();
    expect(both).toBe(0);
    expect(org.requests.length).toBeLessThanOrEqual(20);
    expect(Math.max(...org.requests.map(({ beside }) => beside))).toBeGreaterThan(1);
    expect(await org.context.mirror.outbox.counts()).toMatchObject({ done: 3_600 });
  });

  it('and changes of one contact in their order, the later one not at all where the earlier is lost', async () => {
    const change = (n: number, LastName: string) => ({
      op: 'update' as const,
      contactId: idOf(n),
      changes: { LastName },
    });
    const firsts = Array.from({ length: 1_000 }, (_, n) => change(n, `First ${n}`));
    const seconds = Array.from({ length: 1_000 }, (_, n) => change(n, `Second ${n}`));
    const org = sending([...firsts, ...seconds], ({ rows }) =>
      rows.map(({ LastName, Id }) => (LastName === 'First 450' ? locked() : done(String(Id)))),
    );
    const order: string[] = [];
    org.onSend(({ rows }) => order.push(...rows.map(({ LastName }) => String(LastName))));
    await org.drain();
    const behind = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => n !== 450);
    expect(behind.every((n) => order.indexOf(`First ${n}`) < order.indexOf(`Second ${n}`))).toBe(true);
    expect(order).not.toContain('Second 450');
    expect(await org.context.mirror.outbox.counts()).toMatchObject({ done: 1_998, pending: 2 });
  });

  it('and nobody is told of an outcome that is not stored', async () => {
    const org = sending(creates(2_000), ({ rows }) => rows.map(() => done(org.id())));
    let told = 0;
    await org.drain(async (keys) => {
      const stored = await org.context.mirror.outbox.list({ keys });
      expect(stored.map(({ state }) => state)).toEqual(keys.map(() => 'done'));
      told += keys.length;
    });
    expect(told).toBe(2_000);
  });
});
