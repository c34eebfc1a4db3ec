import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { Services } from '../../src/compose/services.ts';
import { readConfig } from '../../src/config/read-config.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import { syncOrgs } from '../../src/usecases/chosen-orgs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-chosen-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const url = 'https://acme.my.salesforce.com';
const ofEnvironment = { PARAHACK_SYNC_INSTANCE_URL: url, PARAHACK_SYNC_ACCESS_TOKEN: 'a token' };

function services(env: Record<string, string> = {}): Services {
  return new Services(readConfig({ flags: { dataDir: folder }, env, cwd: folder }), { log: silentLogger });
}

function org(instanceUrl: string, more: Partial<OrgRecord> = {}): OrgRecord {
  return {
    instanceUrl,
    apiUrl: instanceUrl,
    loginUrl: instanceUrl,
    orgId: `00D${instanceUrl.length}`,
    userId: '005',
    username: 'me@acme.com',
    alias: null,
    sync: true,
    twoWay: false,
    conflicts: 'salesforce-wins',
    authState: 'ok',
    grant: 'refresh-token',
    clientId: null,
    budget: null,
    createdAt: 1,
    lastLoginAt: 1,
    ...more,
  };
}

const urlsOf = (orgs: OrgRecord[]) => orgs.map(({ instanceUrl }) => instanceUrl);
const noOrgs = expect.objectContaining({ code: 'NO_ORGS' });

describe('an org whose sync is off', async () => {
  it('is not taken unasked, though it is the only one', async () => {
    await using known = services();
    await known.registry.put(org(url, { sync: false }));
    await expect(syncOrgs(known, [])).rejects.toThrow(noOrgs);
    await expect(syncOrgs(known, [])).rejects.toThrow(/acme\.my\.salesforce\.com/);
  });

  it('is not taken unasked beside others', async () => {
    await using known = services();
    await known.registry.put(org(url, { sync: false }));
    await known.registry.put(org('https://b.my.salesforce.com'));
    expect(urlsOf(await syncOrgs(known, []))).toEqual(['https://b.my.salesforce.com']);
    await known.registry.update('https://b.my.salesforce.com', { sync: false });
    await expect(syncOrgs(known, [])).rejects.toThrow(noOrgs);
  });

  it('is taken when it is named, and with all', async () => {
    await using known = services();
    await known.registry.put(org(url, { sync: false, alias: 'prod' }));
    expect(urlsOf(await syncOrgs(known, ['prod', url]))).toEqual([url]);
    expect(urlsOf(await syncOrgs(known, [], { all: true }))).toEqual([url]);
  });

  it('is not taken unasked where the environment names it too', async () => {
    await using known = services(ofEnvironment);
    await known.registry.put(org(url, { sync: false }));
    await expect(syncOrgs(known, [])).rejects.toThrow(noOrgs);
    expect(urlsOf(await syncOrgs(known, [url]))).toEqual([url]);
    expect(urlsOf(await syncOrgs(known, [], { all: true }))).toEqual([url]);
  });
});

it('takes the org of the environment, and makes no registry to find out about it', async () => {
  await using known = services(ofEnvironment);
  expect(urlsOf(await syncOrgs(known, []))).toEqual([url]);
  expect(existsSync(join(folder, 'registry.db'))).toBe(false);
});

it('takes the org of the environment beside a connected one where both are named', async () => {
  await using known = services(ofEnvironment);
  await known.registry.put(org('https://b.my.salesforce.com', { alias: 'b' }));
  expect(urlsOf(await syncOrgs(known, ['b', url]))).toEqual(['https://b.my.salesforce.com', url]);
});
