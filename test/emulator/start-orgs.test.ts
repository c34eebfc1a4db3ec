import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEmulator, startOrgs } from '../../src/emulator/index.ts';

const state = async (url: string) =>
  (await (await fetch(`${url}/__emulator/state`)).json()) as { orgId: string; live: number };
const post = (url: string, name: string, body: unknown) =>
  fetch(`${url}/__emulator/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** So many free ports that follow one another. */
async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const start = 20_000 + Math.floor(Math.random() * 20_000);
    const servers = await Promise.all(
      Array.from({ length: count }, (_, at) => {
        const server = createServer();
        return new Promise<ReturnType<typeof createServer> | undefined>((resolve) => {
          server.once('error', () => resolve(undefined));
          server.listen(start + at, '127.0.0.1', () => resolve(server));
        });
      }),
    );
    await Promise.all(
      servers.map((server) => new Promise((resolve) => (server ? server.close(resolve) : resolve(0)))),
    );
    if (servers.every(Boolean)) return start;
  }
  throw new Error('There are no free ports.');
}

describe('several orgs of one process', () => {
  it('have a port and an org id of their own, and their control surfaces speak of them alone', async () => {
    await using running = await startOrgs(3, { contacts: 7, seed: 5 });
    const { orgs } = running;
    expect(new Set(orgs.map(({ orgId }) => orgId)).size).toBe(3);
    expect(new Set(orgs.map(({ port }) => port)).size).toBe(3);
    expect(new Set(orgs.map(({ clientId }) => clientId)).size).toBe(1);
    await post(orgs[1]!.url, 'delete', { count: 4 });
    const states = await Promise.all(orgs.map(({ url }) => state(url)));
    expect(states.map(({ orgId }) => orgId)).toEqual(orgs.map(({ orgId }) => orgId));
    expect(states.map(({ live }) => live)).toEqual([7, 3, 7]);
    const foreign = await fetch(`${orgs[1]!.url}/services/data/v62.0/limits`, {
      headers: { authorization: `Bearer ${orgs[0].accessToken}` },
    });
    expect(foreign.status).toBe(401);
    await running.close();
    await expect(state(orgs[2]!.url)).rejects.toThrow();
  });

  it('take the ports after the given one; where one of them is taken, none is started', async () => {
    const port = await freePorts(3);
    const running = await startOrgs(3, { contacts: 0, port });
    expect(running.orgs.map((org) => org.port)).toEqual([port, port + 1, port + 2]);
    await running.close();
    await using taken = await startEmulator({ contacts: 0, port: port + 2 });
    await expect(startOrgs(3, { contacts: 0, port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    expect(taken.port).toBe(port + 2);
    await using first = await startEmulator({ contacts: 0, port });
    expect(first.port).toBe(port);
  });

  it('keep a state file each', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'emulator-test-'));
    try {
      const stateFile = join(folder, 'org.db');
      const before = await startOrgs(2, { contacts: 2, stateFile });
      await post(before.orgs[1]!.url, 'contacts', { count: 3 });
      await before.close();
      expect(readdirSync(folder).filter((name) => /^org\.db(\.2)?$/.test(name))).toHaveLength(2);
      await using after = await startOrgs(2, { stateFile });
      expect(after.orgs.map(({ orgId }) => orgId)).toEqual(before.orgs.map(({ orgId }) => orgId));
      expect((await state(after.orgs[1]!.url)).live).toBe(5);
      await after.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are refused where two of their state files keep the same org', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'emulator-test-'));
    try {
      const stateFile = join(folder, 'org.db');
      const only = await startEmulator({ contacts: 2, stateFile });
      await only.close();
      copyFileSync(stateFile, `${stateFile}.2`);
      await expect(startOrgs(2, { stateFile })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(only.orgId),
      });
      await using again = await startEmulator({ stateFile });
      expect(again.orgId).toBe(only.orgId);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are refused where they cannot be', async () => {
    for (const count of [0, 1001, 1.5]) {
      await expect(startOrgs(count)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    await expect(startOrgs(2, { orgId: '00D5g000004AbCd' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(startOrgs(2, { port: 65_535 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
