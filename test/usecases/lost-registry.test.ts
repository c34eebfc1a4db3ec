import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import { Services } from '../../src/compose/services.ts';
import { readConfig } from '../../src/config/read-config.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { startEmulator } from '../../src/emulator/index.ts';
import { doctor } from '../../src/usecases/doctor.ts';
import { login } from '../../src/usecases/login.ts';
import { appOrgs } from '../../src/usecases/orgs.ts';
import { status } from '../../src/usecases/status.ts';
import { watch } from '../../src/usecases/watch.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { sealCheaply } from '../support/cheap-seal.ts';
import { calm } from './parts.ts';

it('a watch goes on where the list of orgs was deleted, others say where the mirrors lie, and a login takes its mirror up', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parahack-sync-lost-'));
  const org = await startEmulator({ contacts: 20 });
  const said: string[] = [];
  const log: Logger = { debug() {}, info() {}, error() {}, warn: (message) => void said.push(message) };
  const program = () => {
    // The store of one machine, for all processes.
    const env = {
      PARAHACK_SYNC_DATA_DIR: dataDir,
      PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
      PARAHACK_SYNC_CREDENTIAL_KEY: 'a passphrase',
    };
    const services = new Services(readConfig({ flags: {}, env, cwd: dataDir }), { log });
    // Intervals pass at once.
    const sleep = (ms: number, options?: { signal?: AbortSignal }) =>
      systemClock.sleep(Math.min(ms, 20), options);
    return Object.assign(services, { clock: { ...systemClock, sleep } });
  };
  const connect = async () => {
    await using services = program();
    const { url: instanceUrl, accessToken } = org;
    const options = { flow: 'access-token' as const, alias: null, sync: true, replaceUser: false };
    await login(services, { ...options, instanceUrl, accessToken }, calm());
  };
  const stop = new AbortController();
  const events: WatchEvent[] = [];
  const cycles = () => events.filter(({ event }) => event === 'cycle:complete').length;
  const afterCycles = async (count: number) => {
    const wanted = cycles() + count;
    await expect.poll(cycles, { timeout: 60_000 }).toBeGreaterThanOrEqual(wanted);
  };
  try {
    sealCheaply(join(dataDir, 'credentials'), 'a passphrase');
    await connect();
    await using watching = program();
    const options = { orgs: [], intervalMs: 30_000, once: false, push: true, reconcileEveryMs: null };
    const watched = watch(watching, options, {
      signal: stop.signal,
      onEvent: (event) => void events.push(event),
    });
    await afterCycles(2);
    for (const end of ['', '-wal', '-shm']) rmSync(join(dataDir, `registry.db${end}`), { force: true });
    await expect
      .poll(() => said, { timeout: 60_000 })
      .toContainEqual(expect.stringMatching(/removed or emptied .* watched go on/));
    {
      await using other = program();
      said.length = 0;
      expect(await appOrgs(other).list(calm())).toEqual({ orgs: [] });
      expect((await status(other, { org: null })).orgs).toEqual([]);
      const whatLies = `Mirrors of orgs that are not connected lie in ${join(dataDir, 'orgs')}: `;
      expect(said).toEqual(Array(2).fill(expect.stringContaining(whatLies)));
      // Both ask no org.
      Object.assign(other, { hostTime: async () => null });
      const { checks } = await doctor(other, calm());
      expect(checks.find(({ name }) => name === 'orgs')?.hint).toContain(whatLies);
    }
    await control(org.url, 'touch', { count: 5, set: { Title: 'Meanwhile' } });
    await afterCycles(3);
    await expectMirrorEqualsOrg(watching.mirrors.location(org.url), org.url);
    await connect();
    await control(org.url, 'touch', { count: 5, set: { Title: 'Later' } });
    await afterCycles(3);
    await expectMirrorEqualsOrg(watching.mirrors.location(org.url), org.url);
    stop.abort(abortReason());
    await watched;
    const seen = new Set(events.map(({ event }) => event));
    expect([...seen].filter((event) => event.startsWith('org:') || event === 'cycle:failed')).toEqual([]);
    expect(events.filter(({ event }) => event === 'backfill:complete')).toHaveLength(1);
  } finally {
    stop.abort(abortReason());
    await org.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
