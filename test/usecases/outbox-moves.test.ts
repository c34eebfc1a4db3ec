import { describe, expect, it } from 'vitest';
import type { OutboxDropOptions, OutboxMoveOptions } from '../../src/contract/outbox.ts';
import type { OutboxState } from '../../src/sync/ports/outbox-entry.ts';
import { appArchives } from '../../src/usecases/archives.ts';
import { appOutbox } from '../../src/usecases/outbox.ts';
import { listRuns, showRun } from '../../src/usecases/runs.ts';
import { orgFor } from '../orgs/org-for.ts';
import { heldLease } from '../support/leases.ts';
import { calm, type Parts, partsOf } from './parts.ts';

const a = orgFor('a');
const usual: OutboxMoveOptions = { org: null, keys: [], all: false, inDoubt: false };
const states = ['pending', 'sent', 'in-doubt', 'rejected', 'held', 'conflict', 'done', 'dropped'] as const;
const keyOf = (state: OutboxState) => `${states.indexOf(state)}eedbeef-0000-4000-8000-000000000001`;

/** What is moved is moved by its state alone. */
function unread(parts: Parts): Parts {
  parts.mirrors.read = () => Promise.reject(new Error('not asked'));
  return parts;
}

/** An outbox with one entry of each state, and what states they have. */
async function oneOfEach() {
  const parts = partsOf([a]);
  // As whoever sends has it.
  const { outbox } = await parts.mirrors.of(a.instanceUrl).under(heldLease('outbox'));
  const key = keyOf;
  await outbox.add(
    states.map((state) => ({
      key: key(state),
      op: 'create',
      contactKey: key(state),
      contactId: null,
      changes: { LastName: state },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: 0,
      state: state === 'held' ? 'held' : 'pending',
    })),
  );
  const sent = states.filter((state) => state !== 'held' && state !== 'pending' && state !== 'dropped');
  await outbox.markSent(sent.map(key), 'ui-api', 1);
  await outbox.settle([
    { key: key('in-doubt'), state: 'in-doubt', errors: [], at: 2 },
    { key: key('rejected'), state: 'rejected', errors: [], at: 2 },
    { key: key('conflict'), state: 'conflict', errors: [], contactId: null, at: 2 },
    { key: key('done'), state: 'done', contactId: '003000000000001AAA', created: true, at: 2 },
  ]);
  await outbox.move([key('dropped')], ['pending'], 'dropped', 2);
  const now = async () =>
    Object.fromEntries((await outbox.list({})).map((entry) => [entry.changes.LastName, entry.state]));
  expect(await now()).toEqual(Object.fromEntries(states.map((state) => [state, state])));
  /** Those that have another state now, by the one they had. */
  const changed = async () =>
    Object.fromEntries(Object.entries(await now()).filter(([was, is]) => was !== is));
  return {
    outbox: appOutbox(unread(parts)),
    changed,
  };
}

describe('which entries a command moves with --all', () => {
  it.each<
    ['retry' | 'drop' | 'approve', Partial<OutboxDropOptions>, Partial<Record<OutboxState, OutboxState>>]
  >([
    ['retry', {}, { rejected: 'pending' }],
    ['retry', { inDoubt: true }, { rejected: 'pending', 'in-doubt': 'pending' }],
    ['retry', { take: 'local' }, { conflict: 'pending' }],
    ['retry', { take: 'salesforce' }, { conflict: 'dropped' }],
    ['drop', {}, { rejected: 'dropped' }],
    ['drop', { inDoubt: true }, { rejected: 'dropped', 'in-doubt': 'dropped' }],
    ['drop', { states: ['held'] }, { held: 'dropped' }],
    ['drop', { states: ['pending', 'conflict'] }, { pending: 'dropped', conflict: 'dropped' }],
    ['drop', { states: ['held'], inDoubt: true }, { held: 'dropped', 'in-doubt': 'dropped' }],
    ['approve', {}, { held: 'pending' }],
    ['approve', { inDoubt: true }, { held: 'pending' }],
  ])('%s %j', async (verb, options, expected) => {
    const { outbox, changed } = await oneOfEach();
    const { keys } = await outbox[verb]({ ...usual, all: true, ...options }, calm());
    expect(await changed()).toEqual(expected);
    expect(keys.toSorted()).toEqual((Object.keys(expected) as OutboxState[]).map(keyOf).toSorted());
  });
});

it('drop of all tells how many it left that could be given up', async () => {
  const { outbox } = await oneOfEach();
  expect(await outbox.drop({ ...usual, all: true }, calm())).toMatchObject({
    left: [
      { state: 'pending', entries: 1 },
      { state: 'in-doubt', entries: 1 },
      { state: 'held', entries: 1 },
      { state: 'conflict', entries: 1 },
    ],
  });
});

describe('which entries a command moves by their keys', () => {
  it.each<['retry' | 'drop' | 'approve', readonly OutboxState[]]>([
    ['retry', ['rejected']],
    ['drop', ['pending', 'in-doubt', 'rejected', 'held', 'conflict']],
    ['approve', ['held']],
  ])('%s takes %j and refuses the others', async (verb, taken) => {
    for (const state of states) {
      const { outbox, changed } = await oneOfEach();
      const moved = outbox[verb]({ ...usual, keys: [keyOf(state).slice(0, 4)] }, calm());
      if (taken.includes(state)) expect((await moved).keys).toEqual([keyOf(state)]);
      else {
        await expect(moved).rejects.toMatchObject({ code: 'UNKNOWN_ENTRY', details: { state } });
        expect(await changed()).toEqual({});
      }
    }
  });

  it('moves none where one of several keys means none, or any means several', async () => {
    const { outbox, changed } = await oneOfEach();
    for (const keys of [[keyOf('rejected'), 'ffff'], ['']]) {
      await expect(outbox.drop({ ...usual, keys }, calm())).rejects.toMatchObject({ code: 'UNKNOWN_ENTRY' });
    }
    expect(await changed()).toEqual({});
  });
});

describe('entries that go together or not at all', () => {
  const groupKey = (n: number) => `${n}eedbeef-0000-4000-8000-00000000000a`;

  /** Three of a group, and one of another, in these states. */
  async function groupOf(...own: OutboxState[]) {
    const parts = partsOf([a]);
    const { outbox } = await parts.mirrors.of(a.instanceUrl).under(heldLease('outbox'));
    const keys = own.map((_, n) => groupKey(n));
    await outbox.add(
      keys.map((key, n) => ({
        key,
        op: 'update',
        contactKey: key,
        contactId: `003000000000${n}01AAA`,
        changes: { LastName: key },
        base: null,
        upsertField: null,
        allowDuplicates: false,
        atomicGroup: n < 3 ? 'one' : 'other',
        createdAt: 0,
        state: 'pending',
      })),
    );
    for (const [n, state] of own.entries()) await outbox.move([keys[n]!], ['pending'], state, 1);
    return {
      outbox: appOutbox(unread(parts)),
      now: async () => (await outbox.list({})).map(({ state }) => state),
    };
  }

  it.each([
    ['retry', 'rejected'],
    ['approve', 'held'],
  ] as const)('%s takes the others along that are %s too', async (verb, state) => {
    const { outbox, now } = await groupOf(state, state, state, state);
    const { keys } = await outbox[verb]({ ...usual, keys: [groupKey(1)] }, calm());
    expect(keys.toSorted()).toEqual([groupKey(0), groupKey(1), groupKey(2)]);
    expect(await now()).toEqual(['pending', 'pending', 'pending', state]);
  });

  it('retry takes none along that is in doubt: only who names it may risk that it is made twice', async () => {
    const { outbox, now } = await groupOf('in-doubt', 'in-doubt', 'rejected');
    const { keys } = await outbox.retry({ ...usual, inDoubt: true, keys: [groupKey(0)] }, calm());
    expect(keys.toSorted()).toEqual([groupKey(0), groupKey(2)]);
    expect(await now()).toEqual(['pending', 'in-doubt', 'pending']);
  });

  it('retry says what of them it waits for', async () => {
    const { outbox } = await groupOf('in-doubt', 'in-doubt', 'rejected');
    const { waitsFor } = await outbox.retry({ ...usual, inDoubt: true, keys: [groupKey(0)] }, calm());
    expect(waitsFor).toEqual([{ key: groupKey(1), state: 'in-doubt' }]);
  });

  it('a decision for this side moves the named conflict alone, and says what it waits for', async () => {
    const { outbox, now } = await groupOf('conflict', 'conflict', 'held', 'conflict');
    const take = { ...usual, take: 'local' as const };
    expect(await outbox.retry({ ...take, keys: [groupKey(0)] }, calm())).toMatchObject({
      keys: [groupKey(0)],
      waitsFor: [
        { key: groupKey(1), state: 'conflict' },
        { key: groupKey(2), state: 'held' },
      ],
    });
    expect(await now()).toEqual(['pending', 'conflict', 'held', 'conflict']);
    expect(await outbox.retry({ ...take, keys: [groupKey(3)] }, calm())).toMatchObject({ waitsFor: [] });
  });

  it.each([{ all: true }, { keys: [groupKey(0)] }])(
    'a decision for this side takes along what is refused of them: %j',
    async (chosen) => {
      const { outbox, now } = await groupOf('conflict', 'rejected', 'pending', 'rejected');
      const { keys } = await outbox.retry({ ...usual, ...chosen, take: 'local' }, calm());
      expect(keys.toSorted()).toEqual([groupKey(0), groupKey(1)]);
      expect(await now()).toEqual(['pending', 'pending', 'pending', 'rejected']);
    },
  );

  it('a decision for Salesforce names the whole that lets all of them be sent', async () => {
    const { outbox } = await groupOf('conflict', 'conflict', 'pending');
    const taking = outbox.retry({ ...usual, take: 'salesforce', keys: [groupKey(0)] }, calm());
    const hint = expect.stringContaining(`outbox retry ${groupKey(0)} ${groupKey(1)} --take local`);
    await expect(taking).rejects.toMatchObject({ hint });
  });

  it('retry leaves alone what a person has given up of them', async () => {
    const { outbox, now } = await groupOf('rejected', 'dropped', 'rejected');
    await outbox.retry({ ...usual, keys: [groupKey(0)] }, calm());
    expect(await now()).toEqual(['pending', 'dropped', 'pending']);
  });

  it.each<[OutboxState, OutboxState[]]>([
    ['pending', ['pending', 'pending', 'pending']],
    ['held', ['held', 'pending', 'held']],
    ['conflict', ['conflict', 'pending', 'pending']],
  ])('drop of one that is %s is refused with the keys of all, and takes all of them', async (_, own) => {
    const { outbox, now } = await groupOf(...own, 'pending');
    const keys = [0, 1, 2].map(groupKey);
    await expect(outbox.drop({ ...usual, keys: [groupKey(0)] }, calm())).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: `Entry ${groupKey(0)} is one of 3 that go together or not at all.`,
      hint: expect.stringContaining(`outbox drop ${keys.join(' ')}`),
      details: { key: groupKey(0), group: keys },
    });
    expect(await now()).toEqual([...own, 'pending']);
    expect((await outbox.drop({ ...usual, keys }, calm())).keys.toSorted()).toEqual(keys);
    expect(await now()).toEqual(['dropped', 'dropped', 'dropped', 'pending']);
  });

  it('drop of all of a state is refused where the others of a group would be sent by that', async () => {
    const { outbox, now } = await groupOf('held', 'pending', 'held', 'held');
    const dropping = outbox.drop({ ...usual, all: true, states: ['held'] }, calm());
    await expect(dropping).rejects.toMatchObject({ details: { group: [0, 1, 2].map(groupKey) } });
    expect(await now()).toEqual(['held', 'pending', 'held', 'held']);
    await outbox.drop({ ...usual, all: true, states: ['held', 'pending'] }, calm());
    expect(await now()).toEqual(['dropped', 'dropped', 'dropped', 'dropped']);
  });

  it('drop takes one of them where nothing of the others would be sent by that', async () => {
    for (const state of ['rejected', 'in-doubt'] as const) {
      const { outbox, now } = await groupOf(state, state, state);
      await outbox.drop({ ...usual, keys: [groupKey(0)] }, calm());
      expect(await now()).toEqual(['dropped', state, state]);
    }
  });

  it.each([{ all: true }, { keys: [groupKey(0)] }])(
    'a decision for Salesforce does not send the others without it: %j',
    async (chosen) => {
      const { outbox, now } = await groupOf('conflict', 'pending', 'pending');
      const options = { ...usual, ...chosen, take: 'salesforce' as const };
      await expect(outbox.retry(options, calm())).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        hint: expect.stringContaining(`outbox retry ${groupKey(0)} --take local`),
        details: { key: groupKey(0), group: [0, 1, 2].map(groupKey) },
      });
      expect(await now()).toEqual(['conflict', 'pending', 'pending']);
    },
  );

  it('a decision for Salesforce of all of them leaves none to be sent', async () => {
    const { outbox, now } = await groupOf('conflict', 'conflict', 'done');
    await outbox.retry({ ...usual, all: true, take: 'salesforce' }, calm());
    expect(await now()).toEqual(['dropped', 'dropped', 'done']);
  });
});

it('an outbox is not told as empty without a word where the list of orgs was lost', async () => {
  const parts = { ...partsOf([]), leftMirrors: async () => '/data/orgs' };
  const { total } = await appOutbox(parts).list({ org: null, states: [], limit: 1 }, calm());
  expect(total).toBe(0);
  expect(parts.said).toEqual([
    expect.stringMatching(/^warn Mirrors of orgs .* \/data\/orgs: .*registry\.db/),
  ]);
});

it.each<[string, (parts: Parts) => Promise<unknown>]>([
  ['outbox show', (parts) => appOutbox(parts).show({ org: null, key: 'k' }, calm())],
  ['runs', (parts) => listRuns(parts, { org: null, limit: 1 }, calm().signal)],
  ['runs show', (parts) => showRun(parts, { id: 'r' })],
  ['archives list', (parts) => appArchives(parts).list({ org: null }, calm())],
])(
  '%s does not say without a word that there is nothing, where the list of orgs was lost',
  async (_what, command) => {
    const parts = { ...partsOf([]), leftMirrors: async () => '/data/orgs' };
    await command(parts).catch(() => undefined);
    expect(parts.said).toEqual([expect.stringMatching(/^warn Mirrors of orgs .* \/data\/orgs: /)]);
  },
);

it('an org without a mirror has no entries, and gets none', async () => {
  const parts = partsOf([a]);
  const outbox = appOutbox(unread(parts));
  expect(await outbox.drop({ ...usual, all: true }, calm())).toEqual({
    instanceUrl: a.instanceUrl,
    keys: [],
    waitsFor: [],
    left: [],
  });
  await expect(outbox.drop({ ...usual, keys: ['a'] }, calm())).rejects.toMatchObject({
    code: 'UNKNOWN_ENTRY',
  });
  expect(await parts.mirrors.exists(a.instanceUrl)).toBe(false);
});
