import { describe, expect, it, vi } from 'vitest';
import { readBack } from '../../src/sync/push/read-back/read-back.ts';
import { RunRecorder } from '../../src/sync/run-recorder.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

/** Pushed to all of them, and not read back yet. */
async function unread(two: TwoWayRig, ids: readonly string[]): Promise<void> {
  const { emulator, context, signal } = two.rig;
  await control(emulator.url, 'faults', [{ match: readings, status: 503, times: 99 }]);
  await pushAll(context, recordsOf(ids.map((Id) => ({ Id, Title: 'Pushed' }))), { signal });
  await control(emulator.url, 'faults', []);
  for (const entry of await context.mirror.outbox.list())
    expect(entry).toMatchObject({ state: 'done', readBackDue: true });
}

const gone = async ({ rig }: TwoWayRig, ids: readonly string[]) => {
  const states = await rig.context.mirror.contacts.states(ids);
  return ids.map((id) => states.get(id)?.gone ?? null);
};

const due = ({ rig }: TwoWayRig) => rig.context.mirror.outbox.readBackDue(9);

describe('a contact that was pushed and is not shown when it is read back', () => {
  it.each([
    ['hidden', (url: string, ids: string[]) => control(url, 'visibility', { ids, hidden: true })],
    ['deleted', (url: string, ids: string[]) => control(url, 'delete', { ids })],
  ] as const)('is %s, and does not go on with the value of before', async (how, happens) => {
    await using two = await twoWay();
    const ids = two.ids.slice(0, 2);
    await unread(two, ids);
    await happens(two.rig.emulator.url, [ids[0]!]);
    await two.cycle();
    expect(await gone(two, ids)).toEqual([how, null]);
    expect(two.rows('Id IN (?, ?)', ...ids)).toMatchObject([{ Id: ids[1], Title: 'Pushed' }]);
    expect(await due(two)).toEqual([]);
  });

  it('is hidden also where nothing else was asked for before', async () => {
    await using two = await twoWay();
    const [id] = two.ids as [string];
    await unread(two, [id]);
    await control(two.rig.emulator.url, 'visibility', { ids: [id], hidden: true });
    const { clock } = two.rig.context.remote;
    // As a process that has just begun.
    vi.spyOn(clock, 'now').mockImplementationOnce(() => {
      throw new Error('The org has not answered yet, so its time is unknown.');
    });
    const run = await RunRecorder.start(two.rig.context, 'push', {});
    await readBack(two.rig.context, { run, signal: two.rig.signal });
    expect(await gone(two, [id])).toEqual(['hidden']);
    expect(await due(two)).toEqual([]);
  });

  it('stays where all that the mirror has would be hidden', async () => {
    await using two = await twoWay('salesforce-wins', 2);
    await unread(two, two.ids);
    await control(two.rig.emulator.url, 'visibility', { ids: two.ids, hidden: true });
    await two.cycle();
    expect(await gone(two, two.ids)).toEqual([null, null]);
    expect(await due(two)).toEqual([]);
  });

  it('is asked for again where Salesforce shows it as live by one way alone', async () => {
    await using two = await twoWay();
    const [id] = two.ids as [string];
    await unread(two, [id]);
    const { records } = two.rig.context;
    // Gives nothing of it to whoever asks by Id.
    two.rig.context.records = {
      ...records,
      retrieve: (ids, ...more) =>
        records.retrieve(
          ids.map(() => '003000000000001AAA'),
          ...more,
        ),
    };
    await expect(two.cycle()).rejects.toThrow('What Salesforce shows as live it does not give');
    expect(await due(two)).toHaveLength(1);
    two.rig.context.records = records;
    await two.cycle();
    expect(await due(two)).toEqual([]);
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Pushed', _state: 'synced' }]);
  });
});
