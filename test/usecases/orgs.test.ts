import { expect, it } from 'vitest';
import { appOrgs } from '../../src/usecases/orgs.ts';
import { orgFor } from '../orgs/org-for.ts';
import { partsOf } from './parts.ts';

const context = { signal: new AbortController().signal, onEvent: () => {} };

it('the org of the environment has no settings, which is said where one is to be changed', async () => {
  const only = orgFor('only');
  const parts = { ...partsOf([orgFor('b', { alias: 'b' })]), processOrg: async () => only };
  const orgs = appOrgs(parts);
  await expect(orgs.setSync({ org: only.instanceUrl, sync: false }, context)).rejects.toMatchObject({
    code: 'UNKNOWN_ORG',
    message: expect.stringContaining('for this process alone'),
    hint: expect.stringContaining('parahack-sync login'),
  });
  await expect(orgs.setSync({ org: 'other', sync: false }, context)).rejects.toMatchObject({
    message: 'No connected org is called "other".',
  });
  expect((await orgs.setSync({ org: 'b', sync: false }, context)).org.sync).toBe(false);
});

it('two-way is set for the org and for its mirror at once, and stays with the org through a login', async () => {
  const b = orgFor('b', { alias: 'b' });
  const parts = partsOf([b]);
  const mirror = await parts.mirrors.open(b.instanceUrl, { create: true });
  const orgs = appOrgs(parts);
  const set = await orgs.set({ org: 'b', twoWay: true, conflicts: 'manual' }, context);
  expect(set).toMatchObject({ org: { twoWay: true, conflicts: 'manual' }, openEdits: 0 });
  expect(await mirror.twoWay()).toEqual({ on: true, conflicts: 'manual' });
  expect((await orgs.set({ org: 'b', budget: 0.5 }, context)).openEdits).toBeNull();
  expect(await orgs.set({ org: 'b', twoWay: false }, context)).toMatchObject({
    org: { twoWay: false, conflicts: 'manual' },
  });
  expect(await mirror.twoWay()).toEqual({ on: false, conflicts: 'manual' });
});

it('two-way can be set before there is a mirror', async () => {
  const parts = partsOf([orgFor('b', { alias: 'b' })]);
  expect(await appOrgs(parts).set({ org: 'b', twoWay: true }, context)).toMatchObject({
    org: { twoWay: true, conflicts: 'salesforce-wins' },
    openEdits: 0,
  });
});
