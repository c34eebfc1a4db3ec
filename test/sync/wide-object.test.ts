import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { calls, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { openRig, type Rig } from './rig.ts';

const minute = 60_000;
const equal = (rig: Rig) =>
  expectMirrorEqualsOrg(mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url), rig.emulator.url);
const cycle = (rig: Rig) => runCycle(rig.context, { push: false, signal: rig.signal });

const custom = Array.from({ length: 800 }, (_, n) => `Custom_Field_No_${n + 1}__c`);

/** A contact with 800 custom fields: their names alone are longer than Salesforce takes a query. */
async function wide(): Promise<Rig> {
  const rig = await openRig({ contacts: 60 });
  // Some at a time, or the org is silent for so long that it closes its connections.
  for (let n = 0; n < custom.length; n += 50) {
    const addFields = custom.slice(n, n + 50).map((name) => ({ name, type: 'string' }));
    await control(rig.emulator.url, 'settings', { addFields });
  }
  expect(rig.context.remote.queries.requestBytes(custom.join())).toBeGreaterThan(16_384);
  return rig;
}

async function copied(rig: Rig): Promise<void> {
  expect((await backfill(rig.context, { signal: rig.signal })).error).toBeNull();
}

describe('contacts of 800 custom fields', () => {
  it('are kept up to date, while coverage stands still as well', async () => {
    await using rig = await wide();
    const { url } = rig.emulator;
    await copied(rig);
    await equal(rig);
    rig.pass(5 * minute);
    await control(url, 'open-transaction', {});
    const { ids } = await control(url, 'touch', { count: 30, set: { [custom[0]!]: 'one' } });
    await cycle(rig);
    await equal(rig);
    for (const value of ['two', 'three']) {
      rig.pass(5 * minute);
      await control(url, 'touch', { ids: ids.slice(0, 4), set: { [custom.at(-1)!]: value } });
      expect(await cycle(rig)).toMatchObject({ upserted: 4 });
      await equal(rig);
    }
    await control(url, 'commit');
    rig.pass(5 * minute);
    await cycle(rig);
    const refused = (await calls(url)).filter(({ status }) => status >= 400);
    expect(refused).toEqual([]);
  });

  it('are filled in one cycle where the right to read all of them comes at once', async () => {
    await using rig = await wide();
    const { url } = rig.emulator;
    await control(url, 'touch', { count: 60, set: { [custom[0]!]: 'seen', [custom.at(-1)!]: 'too' } });
    await control(url, 'settings', { hiddenFields: custom });
    await copied(rig);
    await control(url, 'settings', { hiddenFields: [] });
    rig.pass(2 * 60 * minute);
    await cycle(rig);
    await equal(rig);
    expect((await calls(url)).filter(({ status }) => status >= 400)).toEqual([]);
  });
});
