import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { OutboxMoveOptions, OutboxSettleOptions } from '../../src/contract/outbox.ts';
import type { OutboxState } from '../../src/sync/ports/outbox-entry.ts';
import { appOutbox } from '../../src/usecases/outbox.ts';
import { orgFor } from '../orgs/org-for.ts';
import { heldLease } from '../support/leases.ts';
import { calm, type Parts, partsOf } from './parts.ts';

const a = orgFor('a');
const b = orgFor('b');
const c = orgFor('c');
const ofA = 'aaaaaaaa-0000-4000-8000-000000000001';
const ofB = 'bbbbbbbb-0000-4000-8000-000000000001';
const alsoOfB = 'bbbbcccc-0000-4000-8000-000000000001';
const move: OutboxMoveOptions = { org: null, keys: [], all: false, inDoubt: false };
const settle: OutboxSettleOptions = { org: null, keys: [], as: null, notSent: true, auto: false };

async function put(parts: Parts, instanceUrl: string, keys: readonly string[], state: OutboxState) {
  const { outbox } = await parts.mirrors.of(instanceUrl).under(heldLease('outbox'));
  await outbox.add(
    keys.map((key) => ({
      key,
      op: 'create',
      contactKey: key,
      contactId: null,
      changes: { LastName: key },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: 0,
      state: state === 'held' ? 'held' : 'pending',
    })),
  );
  if (state === 'held') return;
  await outbox.markSent(keys, 'collection', 1);
  await outbox.settle(
    keys.map((key) =>
      state === 'conflict'
        ? { key, state, errors: [], contactId: null, at: 2 }
        : { key, state: state as 'in-doubt' | 'rejected', errors: [], at: 2 },
    ),
  );
}

/** Two orgs with entries in this state, and a third that has no mirror. */
async function twoOrgs(state: OutboxState) {
  const parts = partsOf([a, b, c]);
  await put(parts, a.instanceUrl, [ofA], state);
  await put(parts, b.instanceUrl, [ofB, alsoOfB], state);
  const states = async ({ instanceUrl }: { instanceUrl: string }) =>
    (await parts.mirrors.of(instanceUrl).outbox.list({})).map(({ state: now }) => now);
  return { parts, outbox: appOutbox(parts), states };
}

/** The mirror of this org cannot be opened from now on. */
function spoil(parts: Parts, { instanceUrl }: { instanceUrl: string }): void {
  const open = parts.mirrors.open.bind(parts.mirrors);
  parts.mirrors.open = (url, options) =>
    url === instanceUrl
      ? Promise.reject(new AppError('MIRROR_CORRUPT', 'It is damaged.', { hint: 'Mend it.' }))
      : open(url, options);
}

describe('of several connected orgs, an entry is of the one that has its key', () => {
  it.each([
    ['retry', 'rejected', {}, 'pending'],
    ['retry', 'conflict', { take: 'local' }, 'pending'],
    ['retry', 'conflict', { take: 'salesforce' }, 'dropped'],
    ['drop', 'rejected', {}, 'dropped'],
    ['approve', 'held', {}, 'pending'],
  ] as const)('%s of one %s %j', async (verb, state, options, becomes) => {
    for (const key of [ofB, 'bbbbb']) {
      const { outbox, states } = await twoOrgs(state);
      const moved = await outbox[verb]({ ...move, ...options, keys: [key] }, calm());
      expect(moved).toMatchObject({ instanceUrl: b.instanceUrl, keys: [ofB] });
      expect([await states(a), await states(b)]).toEqual([[state], [becomes, state]]);
    }
  });

  it('settle', async () => {
    const { outbox, states } = await twoOrgs('in-doubt');
    const settled = await outbox.settle({ ...settle, keys: ['bbbbb', alsoOfB] }, calm());
    expect(settled).toMatchObject({ instanceUrl: b.instanceUrl, settled: [{ key: ofB }, { key: alsoOfB }] });
    expect([await states(a), await states(b)]).toEqual([['in-doubt'], ['pending', 'pending']]);
  });

  it('show', async () => {
    const { outbox } = await twoOrgs('rejected');
    expect((await outbox.show({ org: null, key: 'aaaa' }, calm())).entry).toMatchObject({
      key: ofA,
      instanceUrl: a.instanceUrl,
    });
  });

  it('without a key nothing is guessed', async () => {
    const { outbox } = await twoOrgs('rejected');
    await expect(outbox.drop({ ...move, all: true }, calm())).rejects.toMatchObject({
      code: 'AMBIGUOUS_ORG',
    });
    await expect(outbox.settle({ ...settle, notSent: false, auto: true }, calm())).rejects.toMatchObject({
      code: 'AMBIGUOUS_ORG',
    });
  });

  it('the named org counts, whoever has the key', async () => {
    const { outbox } = await twoOrgs('rejected');
    await expect(outbox.drop({ ...move, org: a.instanceUrl, keys: [ofB] }, calm())).rejects.toMatchObject({
      code: 'UNKNOWN_ENTRY',
    });
  });
});

describe('where the keys do not say one org, nothing is changed', () => {
  const drop = async (keys: string[], spoiled: typeof a | null = null) => {
    const { parts, outbox, states } = await twoOrgs('rejected');
    if (spoiled !== null) spoil(parts, spoiled);
    const dropped = outbox.drop({ ...move, keys }, calm());
    const error: unknown = await dropped.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error !== null)
      expect([await states(a), await states(b)]).toEqual([['rejected'], ['rejected', 'rejected']]);
    return error;
  };

  it('none has it', async () => {
    expect(await drop(['ffff'])).toMatchObject({ code: 'UNKNOWN_ENTRY', message: 'There is no entry ffff.' });
    expect(await drop([ofB, 'ffff'])).toMatchObject({ code: 'UNKNOWN_ENTRY' });
  });

  it('they are of several orgs, and each is told with its org', async () => {
    expect(await drop([ofA, ofB, 'bbbbcccc'])).toMatchObject({
      code: 'AMBIGUOUS_ORG',
      message: `The entries are of several orgs: ${ofA} of ${a.instanceUrl}; ${ofB}, bbbbcccc of ${b.instanceUrl}.`,
      details: {
        orgs: [
          { instanceUrl: a.instanceUrl, keys: [ofA] },
          { instanceUrl: b.instanceUrl, keys: [ofB, 'bbbbcccc'] },
        ],
      },
    });
  });

  it('the beginning of a key means several, of one org or of two', async () => {
    expect(await drop(['bbbb'])).toMatchObject({
      code: 'UNKNOWN_ENTRY',
      message: 'bbbb means several entries.',
    });
    expect(await drop([''])).toMatchObject({
      code: 'UNKNOWN_ENTRY',
      message: `An empty key means entries of several orgs: ${a.instanceUrl}, ${b.instanceUrl}.`,
    });
  });

  it('a mirror that cannot be read may have it', async () => {
    expect(await drop(['ffff'], b)).toMatchObject({
      code: 'MIRROR_CORRUPT',
      message: `There is no entry ffff in the mirrors that can be read; that of ${b.instanceUrl} cannot be read: It is damaged.`,
      hint: 'Mend it.',
    });
    expect(await drop(['aaaa'], b)).toMatchObject({
      code: 'MIRROR_CORRUPT',
      message: expect.stringContaining(`that of ${b.instanceUrl} cannot be read`),
      hint: 'Give the whole key, or name the org with --org.',
    });
    // Nobody else has the whole key.
    expect(await drop([ofA], b)).toBeNull();
  });

  it('which keeps nobody from looking at an entry of another', async () => {
    const { parts, outbox } = await twoOrgs('rejected');
    spoil(parts, a);
    expect((await outbox.show({ org: null, key: ofB }, calm())).entry.key).toBe(ofB);
  });
});
