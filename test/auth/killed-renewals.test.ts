import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CredentialStore } from '../../src/auth/credential-store.ts';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { sealCheaply } from '../support/cheap-seal.ts';
import { isDeep, repeats } from '../support/deep.ts';
import { lockingIn } from '../support/leases.ts';
import fc from '../support/properties.ts';
import { type EmulatedOrg, startEmulatedOrg } from './emulated-org.ts';
import { makeTempFolder } from './temp-folder.ts';

let temp: ReturnType<typeof makeTempFolder>;
let org: EmulatedOrg;
let store: CredentialStore;
beforeEach(async () => {
  temp = makeTempFolder();
  sealCheaply(temp.path, 'correct horse');
  org = await startEmulatedOrg({ concurrentLimit: 1_000 });
  const withLock = lockingIn(join(temp.path, 'locks'));
  store = openCredentialStore({ kind: 'file', key: 'correct horse', folder: temp.path, withLock });
});
afterEach(async () => {
  await org[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

/** Starts a process that calls the org once. */
function start(): ChildProcess {
  const script = join(import.meta.dirname, 'use-session.ts');
  return spawn(process.execPath, [script, temp.path, org.emulator.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  child.stdout?.resume();
  const [code] = await once(child, 'close');
  return code;
}

const expireSessions = () => org.control('sessions', { expire: true });

describe('processes that share one credential', () => {
  const kills = repeats(10);

  it(
    `keep the grant alive through ${kills} kills of a renewing process, or know that a login is needed where the answer was lost`,
    async () => {
      // The window between the org's commit and the answer is microseconds on loopback: 20 ms make it worth aiming at.
      await org.control('settings', { latencyMs: 20 });
      let lost = 0;
      await store.set(await org.login());
      for (const delayMs of fc.sample(fc.nat(150), kills)) {
        await expireSessions();
        const before = (await org.tokenCalls()).length;
        const [victim, ...others] = [start(), start()];
        if (victim === undefined) throw new Error('no process');
        const rest = Promise.all(others.map(codeOf));
        const ended = once(victim, 'close');
        victim.stdout?.once('data', () => setTimeout(() => victim.kill('SIGKILL'), delayMs));
        await ended;
        const codes = await rest;
        const statuses = (await org.tokenCalls()).slice(before).map(({ status }) => status);
        if (codes.every((code) => code === 0)) {
          expect(statuses.length).toBeLessThanOrEqual(2);
          expect(statuses).not.toContain(400);
          expect(await codeOf(start())).toBe(0);
        } else {
          // Only a commit whose answer nobody could store excuses this: the org's log shows a renewal that was
          // answered (200) or cut off (0), then the spent token refused, and nobody offering it again.
          lost += 1;
          expect(codes).toEqual(Array(others.length).fill(3));
          expect([0, 200]).toContain(statuses[0]);
          expect(statuses.slice(1)).toEqual([400]);
          expect(await codeOf(start())).toBe(3);
          expect(await org.tokenCalls()).toHaveLength(before + 2);
          await store.set(await org.login());
        }
      }
      console.info(`${lost} of ${kills} kills fell between the org's commit and the store.`);
      expect(lost).toBeLessThan(kills);
    },
    isDeep ? 1_800_000 : 180_000,
  );
});
