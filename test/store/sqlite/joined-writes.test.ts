import { expect, test } from 'vitest';
import { JoinedWrites } from '../../../src/store/sqlite/joined-writes.ts';
import { describeOf } from './contact-fields.ts';
import { epoch } from './pages.ts';
import { openTempMirror } from './temp-mirrors.ts';

test('what is asked for during a write is written together with the next one, in order', async () => {
  const written: string[][] = [];
  const ends: (() => void)[] = [];
  const writes = new JoinedWrites<string, string>(async (steps) => {
    written.push([...steps]);
    await new Promise<void>((resolve) => ends.push(resolve));
    if (steps.includes('bad')) throw new Error('disk full');
    return steps.map((step) => `${step}!`);
  });
  const first = writes.add('a');
  const others = Promise.all(['b', 'c', 'd'].map((step) => writes.add(step)));
  let isStored = false;
  void others.then(() => {
    isStored = true;
  });
  ends.shift()?.();
  expect(await first).toBe('a!');
  expect(written).toEqual([['a'], ['b', 'c', 'd']]);
  expect(isStored).toBe(false);
  ends.shift()?.();
  expect(await others).toEqual(['b!', 'c!', 'd!']);

  const failing = Promise.allSettled(['e', 'bad', 'f'].map((step) => writes.add(step)));
  ends.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  ends.shift()?.();
  expect((await failing).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  const after = writes.add('g');
  ends.shift()?.();
  expect(await after).toBe('g!');
});

test('an entry that is not pending keeps back its own request only, of those that are stored together', async () => {
  await using temp = await openTempMirror();
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  const { outbox } = temp.mirror;
  const entry = (key: string) => ({
    key,
    op: 'create' as const,
    contactKey: key,
    contactId: null,
    changes: {},
    base: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup: null,
    createdAt: epoch,
    state: 'pending' as const,
  });
  await outbox.add(['a', 'b', 'c', 'd', 'e'].map(entry));
  await outbox.move(['c'], ['pending'], 'dropped', epoch);
  const outcomes = await Promise.allSettled([
    outbox.markSent(['a'], 'collection', epoch),
    outbox.markSent(['b', 'c'], 'collection', epoch),
    outbox.markSent(['d'], 'collection', epoch),
    outbox.settle([{ key: 'a', state: 'rejected', errors: [], at: epoch }]),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  const states = (await outbox.list()).map(({ key, state }) => `${key} ${state}`);
  expect(states).toEqual(['a rejected', 'b pending', 'c dropped', 'd sent', 'e pending']);
});
