import { expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { twoWay } from './two-way-rig.ts';

it('an edit that changes only the case of a picklist value that is not defined is sent', async () => {
  await using two = await twoWay();
  const [id] = two.ids as [string];
  await two.theirs('touch', { ids: [id], set: { LeadSource: 'acme fair' } });
  two.rig.pass(120_000);
  await two.cycle();
  two.sql("UPDATE contacts SET LeadSource = 'ACME Fair' WHERE Id = ?", id);
  await two.cycle();
  expect((await two.org()).get(id)).toMatchObject({ LeadSource: 'ACME Fair' });
});

it('an edit that adds a no-break space at the end is sent', async () => {
  await using two = await twoWay();
  const [id] = two.ids as [string];
  two.sql('UPDATE contacts SET Title = Title || char(160) WHERE Id = ?', id);
  await two.cycle();
  expect((await two.org()).get(id)?.Title).toMatch(/\S\u00a0$/);
});

it('such an edit that was in doubt is sent again where nothing was written', async () => {
  await using two = await twoWay();
  const [id] = two.ids as [string];
  const { emulator, pass } = two.rig;
  await two.theirs('touch', { ids: [id], set: { LeadSource: 'acme fair' } });
  pass(120_000);
  await two.cycle();
  two.sql("UPDATE contacts SET LeadSource = 'ACME Fair' WHERE Id = ?", id);
  await control(emulator.url, 'faults', [
    { match: 'PATCH .*/composite/sobjects', times: 99, reset: 'before' },
  ]);
  await two.cycle();
  await control(emulator.url, 'faults', []);
  pass(120_000);
  await two.cycle();
  expect((await two.org()).get(id)).toMatchObject({ LeadSource: 'ACME Fair' });
});
