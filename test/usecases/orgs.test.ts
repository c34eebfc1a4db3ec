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
