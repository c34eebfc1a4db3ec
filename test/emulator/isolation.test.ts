import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunningEmulator } from './running-emulator.ts';
import { runEmulator } from './running-emulator.ts';

const contactsOf = async (org: RunningEmulator) => (await org.controlReply('contacts?deleted=1')).text;
/** Ids and stamps depend on when an org was made; what a seed promises are the bytes at one clock. */
const wallClock = () => Date.UTC(2026, 0, 15, 12);

const refresh = (org: RunningEmulator, refresh_token: string) =>
  org.token({ grant_type: 'refresh_token', refresh_token, client_id: org.emulator.clientId });

describe('several emulators', () => {
  it('have the same bytes for the same seed, and others for another', async () => {
    await using first = await runEmulator({ contacts: 200, seed: 5, wallClock });
    await using second = await runEmulator({ contacts: 200, seed: 5, wallClock });
    await using other = await runEmulator({ contacts: 200, seed: 6, wallClock });
    const bytes = await contactsOf(first);
    expect(await contactsOf(second)).toBe(bytes);
    expect(await contactsOf(other)).not.toBe(bytes);
    expect(second.emulator.clientId).toBe(first.emulator.clientId);
  });

  it('do not disturb each other: rows, sessions, settings, clocks, logs', async () => {
    await using left = await runEmulator({ contacts: 10 });
    await using right = await runEmulator({ contacts: 10 });
    const before = await contactsOf(right);
    await left.control('contacts', { count: 5 });
    await left.control('clock', { advanceMs: 86_400_000 });
    await left.control('settings', { dailyLimit: 1, hiddenFields: ['Email'] });
    await left.control('faults', [{ match: '.', status: 500, times: 100 }]);
    await left.api('/limits');
    expect(await contactsOf(right)).toBe(before);
    expect((await right.api('/limits')).status).toBe(200);
    expect((await right.api('/limits', { token: left.emulator.accessToken })).status).toBe(401);
    expect(await right.control('settings')).toMatchObject({ dailyLimit: 100_000, hiddenFields: [] });
    expect(await right.control<unknown[]>('calls')).toHaveLength(2);
  });

  it('answers 200 concurrent requests correctly', async () => {
    await using org = await runEmulator({ contacts: 500 });
    const replies = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        if (i % 4 === 0) {
          const { status, body } = await org.api('/sobjects/Contact', {
            json: { LastName: `Parallel ${i}` },
          });
          return status === 201 && body.success === true;
        }
        if (i % 4 === 1) {
          const { status, body } = await org.api('/query?q=SELECT+Id+FROM+Account+LIMIT+1');
          return status === 200 && body.done === true;
        }
        if (i % 4 === 2) return (await org.api('/sobjects/Contact/describe')).body.name === 'Contact';
        return (await org.api('/sobjects/Contact', { json: { FirstName: 'x' } })).status === 400;
      }),
    );
    expect(replies.every(Boolean)).toBe(true);
    const count = await org.api<{ totalSize: number }>(
      `/query?q=${encodeURIComponent("SELECT COUNT() FROM Contact WHERE LastName LIKE 'Parallel %'")}`,
    );
    expect(count.body.totalSize).toBe(50);
    expect(await org.control('state')).toMatchObject({ apiRequests: { used: 201 } });
  });

  it('closes twice, ends open connections and frees its port', async () => {
    const first = await runEmulator();
    const { port } = first.emulator;
    await first.api('/limits');
    await first.emulator.close();
    await first.emulator.close();
    await expect(fetch(`http://localhost:${port}/services/data`)).rejects.toThrow();
    await using second = await runEmulator({ port });
    expect(second.emulator.url).toBe(`http://localhost:${port}`);
    await expect(runEmulator({ port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });

  it('says which file it cannot use', async () => {
    await expect(runEmulator({ contacts: 1, stateFile: '' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    const folder = await mkdtemp(join(tmpdir(), 'emulator-files-'));
    try {
      const junk = join(folder, 'junk');
      await writeFile(junk, 'neither JSON nor a database, long enough to be looked at '.repeat(20));
      for (const options of [
        { stateFile: junk },
        { stateFile: join(folder, 'nowhere', 'org.db') },
        { objectFiles: [junk] },
        { objectFiles: [join(folder, 'missing.json')] },
      ]) {
        const [path] = Object.values(options).flat();
        await expect(runEmulator(options)).rejects.toMatchObject({
          code: 'INVALID_INPUT',
          message: expect.stringContaining(String(path)),
        });
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('gives the answer of an Idempotency-Key again after a restart, and writes nothing more', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'emulator-state-'));
    try {
      const stateFile = join(folder, 'org.db');
      const headers = { 'idempotency-key': '4f5c0b3e-7d0a-4b3c-9a53-0f8f3d6f1c11' };
      const json = { apiName: 'Contact', fields: { LastName: 'Once' } };
      const write = (org: RunningEmulator) => org.api<{ id: string }>('/ui-api/records', { json, headers });
      const before = await runEmulator({ contacts: 1, stateFile });
      const first = await write(before);
      expect(first.status).toBe(201);
      await before[Symbol.asyncDispose]();
      await using after = await runEmulator({ stateFile });
      const again = await write(after);
      expect([again.status, again.text]).toEqual([201, first.text]);
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
      expect(await after.control('state')).toMatchObject({ live: 2 });
      const other = { ...json, fields: { LastName: 'Twice' } };
      expect((await after.api('/ui-api/records', { json: other, headers })).status).toBe(400);
      await after.control('reset', {});
      expect((await write(after)).status).toBe(201);
      expect(await after.control('state')).toMatchObject({ live: 2 });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('has the same access token after each restart until it is expired, and prolonged sessions stay so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'emulator-state-'));
    try {
      const stateFile = join(folder, 'org.db');
      let nowMs = Date.UTC(2026, 5, 1);
      const wallClock = () => nowMs;
      const first = await runEmulator({ contacts: 1, stateFile, wallClock });
      const { token: used } = (await first
        .control<{ accessToken: string }>('sessions', {
          login: first.emulator.username,
        })
        .then(({ accessToken }) => ({ token: accessToken }))) as { token: string };
      nowMs += 90 * 60_000;
      expect((await first.api('/limits', { token: used })).status).toBe(200);
      await first[Symbol.asyncDispose]();
      nowMs += 60 * 60_000;
      const second = await runEmulator({ stateFile, wallClock });
      expect(second.emulator.accessToken).toBe(first.emulator.accessToken);
      expect((await second.api('/limits', { token: used })).status).toBe(200);
      await second.control('sessions', { expire: true });
      await second[Symbol.asyncDispose]();
      await using third = await runEmulator({ stateFile, wallClock });
      expect(third.emulator.accessToken).not.toBe(first.emulator.accessToken);
      const { sessions } = JSON.parse(await readFile(`${stateFile}.logins`, 'utf8')) as {
        sessions: unknown[];
      };
      expect(sessions).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('starts without logins where their file is not its own, and says so where they cannot be kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'emulator-state-'));
    try {
      const stateFile = join(folder, 'org.db');
      await (await runEmulator({ contacts: 1, stateFile }))[Symbol.asyncDispose]();
      const { orgId } = JSON.parse(await readFile(`${stateFile}.logins`, 'utf8')) as { orgId: string };
      const odd = [
        '',
        '{',
        'null',
        '7',
        '[]',
        JSON.stringify({ orgId }),
        JSON.stringify({ orgId, families: [null], sessions: [7] }),
      ];
      for (const text of odd) {
        await writeFile(`${stateFile}.logins`, text);
        await using org = await runEmulator({ stateFile });
        expect((await org.api('/limits')).status).toBe(200);
      }
      await rm(`${stateFile}.logins`);
      await mkdir(join(`${stateFile}.logins`, 'in', 'the', 'way'), { recursive: true });
      await expect(runEmulator({ stateFile })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(`${stateFile}.logins`),
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('keeps its org and its logins in a state file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'emulator-state-'));
    try {
      const stateFile = join(folder, 'org.db');
      let [id, clientId] = ['', ''];
      let [spent, current, gone] = ['', '', ''];
      {
        await using org = await runEmulator({ contacts: 30, stateFile });
        id = (await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName: 'Kept' } })).body.id;
        ({ clientId } = org.emulator);
        await org.control('settings', { rotateRefreshTokens: true });
        const login = await org.logIn();
        spent = String(login.refresh_token);
        current = String((await refresh(org, spent)).body.refresh_token);
        gone = String((await org.logIn()).refresh_token);
        await fetch(`${org.emulator.url}/services/oauth2/revoke?token=${encodeURIComponent(gone)}`);
      }
      await using again = await runEmulator({ contacts: 999, seed: 8, stateFile });
      expect(again.emulator.clientId).toBe(clientId);
      expect((await again.api(`/sobjects/Contact/${id}`)).body.LastName).toBe('Kept');
      expect(await again.control('state')).toMatchObject({ live: 31 });
      expect((await stat(`${stateFile}.logins`)).mode & 0o777).toBe(0o600);
      expect((await refresh(again, gone)).status).toBe(400);
      expect((await refresh(again, current)).status).toBe(200);
      expect((await refresh(again, spent)).status).toBe(400);
      expect((await refresh(again, current)).status).toBe(400);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
