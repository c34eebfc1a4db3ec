import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { control } from './org.ts';
import { bin, node } from './program.ts';

const keys = ['accessToken', 'clientId', 'clientSecret', 'orgId', 'url', 'username'];

/** Until the requests have come for which a fault waits. */
function untilTaken(url: string): Promise<void> {
  return vi.waitFor(async () => {
    const state = (await (await fetch(`${url}/__emulator/state`)).json()) as { faults: number };
    expect(state.faults).toBe(0);
  });
}

describe('parahack-sync emulator', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  async function ready(...flags: string[]): Promise<Record<string, unknown>> {
    child = spawn(node, [bin, 'emulator', '--json', '--contacts', '4', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    return JSON.parse(line) as Record<string, unknown>;
  }

  it('--orgs hosts several orgs: the ready line has each, each answers, and all end with the process', async () => {
    const line = await ready('--orgs', '3');
    const { event, orgs, ...first } = line as { event: string; orgs: Record<string, string>[] };
    expect(event).toBe('emulator:ready');
    expect(orgs).toHaveLength(3);
    expect(orgs[0]).toEqual(first);
    for (const org of orgs) {
      expect(Object.keys(org).sort()).toEqual(keys);
      const answer = await fetch(`${org.url}/services/oauth2/userinfo`, {
        headers: { authorization: `Bearer ${org.accessToken}` },
      });
      expect(await answer.json()).toMatchObject({ organization_id: org.orgId });
    }
    expect(new Set(orgs.map(({ orgId }) => orgId)).size).toBe(3);
    child!.kill('SIGINT');
    expect((await once(child!, 'exit'))[0]).toBe(0);
    for (const { url } of orgs) await expect(fetch(`${url}/`)).rejects.toThrow();
  });

  it('ends on SIGTERM within a moment, whatever requests it holds open', async () => {
    const { url, accessToken } = (await ready('--latency', '0')) as Record<string, string>;
    await control(url!, 'faults', [{ match: '.*', times: 3, delayMs: 60_000 }]);
    const headers = { authorization: `Bearer ${accessToken}` };
    const held = Array.from({ length: 3 }, () => fetch(`${url}/services/data/v62.0/limits`, { headers }));
    const ended = Promise.allSettled(held);
    await untilTaken(url!);
    const from = performance.now();
    child!.kill('SIGTERM');
    expect((await once(child!, 'exit'))[0]).toBe(0);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  }, 30_000);

  it('ends on SIGTERM within a moment with many orgs that have turned silent, whoever has given up waiting', async () => {
    const { orgs } = (await ready('--orgs', '20')) as unknown as {
      orgs: { url: string; accessToken: string }[];
    };
    const silent = orgs.slice(5);
    const held = [];
    const impatience = new AbortController();
    for (const { url, accessToken } of silent) {
      await control(url, 'settings', { latencyMs: 3_600_000 });
      await control(url, 'faults', [{ match: '.*', times: 2, delayMs: 0, headers: { 'X-Test': '1' } }]);
      const headers = { authorization: `Bearer ${accessToken}` };
      const limits = `${url}/services/data/v62.0/limits`;
      held.push(fetch(limits, { headers }), fetch(limits, { headers, signal: impatience.signal }));
    }
    const ended = Promise.allSettled(held);
    for (const { url } of silent) await untilTaken(url);
    impatience.abort();
    const from = performance.now();
    child!.kill('SIGTERM');
    expect((await once(child!, 'exit'))[0]).toBe(0);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect((await ended).map(({ status }) => status)).toEqual(held.map(() => 'rejected'));
  }, 30_000);

  it('--org-id names the org, and one org is a list of one', async () => {
    const line = await ready('--org-id', '00D5g000004AbCd');
    expect(line.orgId).toMatch(/^00D5g000004AbCd/);
    expect(line.orgs).toHaveLength(1);
  });
});
