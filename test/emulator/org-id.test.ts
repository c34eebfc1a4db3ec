import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { runEmulator } from './running-emulator.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'emulator-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('two emulators', () => {
  it('are two orgs, though the same seed gives them the same contacts', async () => {
    await using one = await runEmulator({ contacts: 5 });
    await using two = await runEmulator({ contacts: 5 });
    expect(one.emulator.orgId).toMatch(/^00D[a-zA-Z0-9]{15}$/);
    expect(one.emulator.orgId).not.toBe(two.emulator.orgId);
    expect((await one.controlReply('contacts')).text).toBe((await two.controlReply('contacts')).text);
    const jobs = await Promise.all(
      [one, two].map((org) =>
        org.api<{ id: string }>('/jobs/query', {
          json: { operation: 'query', query: 'SELECT Id FROM Contact' },
        }),
      ),
    );
    expect(jobs[0]?.body.id).not.toBe(jobs[1]?.body.id);
    expect((await two.api(`/jobs/query/${jobs[0]?.body.id}`)).status).toBe(404);
  });

  it('tell their id everywhere alike', async () => {
    await using org = await runEmulator({ contacts: 1 });
    const { orgId, userId, accessToken } = org.emulator;
    expect(accessToken.startsWith(`${orgId.slice(0, 15)}!`)).toBe(true);
    const soql = `SELECT Id FROM Organization WHERE Id = '${orgId}'`;
    const { body } = await org.api<{ records: { Id: string }[] }>(`/query?q=${encodeURIComponent(soql)}`);
    expect(body.records.map(({ Id }) => Id)).toEqual([orgId]);
    expect((await org.api(`/sobjects/Organization/${orgId}`)).body.Id).toBe(orgId);
    expect((await org.api('/services/oauth2/userinfo')).body.organization_id).toBe(orgId);
    expect((await org.api(`/services/data/v62.0`)).body.identity).toContain(`/id/${orgId}/${userId}`);
    await org.control('reset', {});
    expect((await org.control('state')).orgId).toBe(orgId);
    expect((await org.api(`/sobjects/Organization/${orgId}`)).status).toBe(200);
  });
});

describe('an org id', () => {
  it('follows the port and the seed: the same two are the same org again', async () => {
    const first = await startEmulator({ contacts: 0 });
    const { port, orgId } = first;
    await first.close();
    const again = await startEmulator({ contacts: 0, port });
    await again.close();
    const other = await startEmulator({ contacts: 0, port, seed: 2 });
    await other.close();
    expect(again.orgId).toBe(orgId);
    expect(other.orgId).not.toBe(orgId);
  });

  it('can be given, and is refused where it is none', async () => {
    await using org = await runEmulator({ contacts: 0, orgId: '00D5g000004AbCd' });
    expect(org.emulator.orgId).toMatch(/^00D5g000004AbCd.{3}$/);
    expect((await org.api(`/sobjects/Organization/${org.emulator.orgId}`)).body.Id).toBe(org.emulator.orgId);
    await expect(startEmulator({ orgId: '003000000000001' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  it('stays with the state file on another port', async () => {
    const stateFile = join(folder, 'org.db');
    const first = await startEmulator({ contacts: 3, stateFile });
    await first.close();
    await using again = await startEmulator({ contacts: 3, stateFile });
    expect(again.port).not.toBe(first.port);
    expect(again.orgId).toBe(first.orgId);
    await again.close();
    await expect(startEmulator({ stateFile, orgId: '00D5g000004AbCd' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(first.orgId),
    });
  });
});

describe.skipIf(process.platform === 'win32')('what an emulator keeps on disk', () => {
  it('is readable by nobody else, whatever the umask and the modes that it finds', async () => {
    const stateFile = join(folder, 'org.db');
    const before = process.umask(0);
    try {
      writeFileSync(`${stateFile}.logins.new`, 'planted', { mode: 0o666 });
      await using org = await runEmulator({ contacts: 3, stateFile });
      await org.logIn();
      const modes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
      expect(modes.length).toBeGreaterThan(2);
      for (const [name, mode] of modes) expect(mode, String(name)).toBe(0o600);
      await org.emulator.close();
      chmodSync(stateFile, 0o644);
      await using again = await runEmulator({ stateFile });
      expect(again.emulator.port).toBeGreaterThan(0);
      expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(before);
    }
  });
});
