import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmulatedOrg, startEmulatedOrg } from '../auth/emulated-org.ts';
import { Cli } from '../e2e/cli.ts';
import { expectMirrorEqualsOrg } from '../e2e/org.ts';
import { isDeep } from '../support/deep.ts';

const child = new URL('./move-child.ts', import.meta.url).pathname;
const contacts = 5;
let org: EmulatedOrg;
let begun: Cli;
let from: string;
let to: string;

/** An org with an archive, an entry that waits in the outbox, and a login. */
beforeAll(async () => {
  org = await startEmulatedOrg({ contacts });
  from = org.emulator.url;
  to = from.replace('localhost', '127.0.0.1');
  begun = new Cli();
  begun.sealCheaply();
  await begun.loginByToken(org.emulator, '--alias', 'prod');
  await begun.json(['backfill']);
  await begun.json(['backfill', '--fresh']);
  await begun.json(['push', '--queue'], JSON.stringify({ LastName: 'Waits' }));
});
afterAll(async () => {
  begun[Symbol.dispose]();
  await org[Symbol.asyncDispose]();
});

function copied(): Cli {
  const cli = new Cli();
  cpSync(begun.dataDir, cli.dataDir, { recursive: true });
  return cli;
}

/** Whether it was killed behind that step; else it has ended by itself. */
async function killedMove(cli: Cli, nth: number): Promise<boolean> {
  const args = [child, to, org.emulator.accessToken, cli.dataDir, `${nth}`];
  const running = spawn(process.execPath, args, { env: cli.env, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(running, 'exit');
  if (code !== null) expect(code).toBe(0);
  return code === null;
}

const mirrorsIn = (cli: Cli) =>
  readdirSync(join(cli.dataDir, 'orgs')).filter(
    (name) => name.endsWith('.db') && !name.endsWith('.archived.db'),
  );

/** What was there before is there still, once, and only looked at. */
async function expectWhole(cli: Cli): Promise<void> {
  const { orgs } = await cli.json<{
    orgs: { alias: string; contacts: number; outbox: { pending: number } }[];
  }>(['status']);
  expect(orgs).toMatchObject([{ alias: 'prod', contacts, outbox: { pending: 1 } }]);
  expect((await cli.json<{ archives: unknown[] }>(['archives', 'list'])).archives).toHaveLength(1);
  expect(mirrorsIn(cli)).toHaveLength(1);
}

const login = (cli: Cli, url: string, ...more: string[]) =>
  cli.run(['login', '--access-token-stdin', '--instance-url', url, ...more], {
    input: org.emulator.accessToken,
  });

/** What a person or a timetable does next. The first two stand for the others where time is short. */
const nextSteps: Record<string, (cli: Cli) => Promise<void>> = {
  'a watch': async (cli) => {
    expect((await cli.run(['watch', '--once', '--no-push'])).code).toBe(0);
  },
  'a login at the new address': async (cli) => {
    expect((await login(cli, to)).code).toBe(0);
  },
  'status and doctor': async (cli) => {
    await expectWhole(cli);
    await cli.run(['doctor']);
  },
  'a backfill': async (cli) => {
    expect((await cli.run(['backfill'])).code).toBe(0);
  },
  'a push': async (cli) => {
    expect((await cli.run(['push', '--dry-run'], { input: '{"LastName":"Tried"}' })).code).toBe(0);
  },
  'a logout that deletes the data': async (cli) => {
    // The outbox has an entry, so it is refused.
    expect((await cli.run(['logout', 'prod', '--delete-data'])).code).not.toBe(0);
  },
  'a login at the former address': async (cli) => {
    expect((await login(cli, from)).code).toBe(0);
  },
  'the same command again': async (cli) => {
    expect((await login(cli, to, '--move')).code).toBe(0);
    expect(mirrorsIn(cli)).toEqual([`127.0.0.1_${new URL(to).port}.db`]);
  },
};

describe('a move to another address that is killed behind any of its steps', () => {
  const chosen = Object.entries(nextSteps).slice(0, isDeep ? undefined : 2);
  for (const [next, work] of chosen) {
    it(`leaves the org whole to ${next}`, async () => {
      let kills = 0;
      for (let nth = 1; ; nth++, kills++) {
        using cli = copied();
        if (!(await killedMove(cli, nth))) break;
        await work(cli).catch((error: unknown) => {
          throw new Error(`killed behind step ${nth}`, { cause: error });
        });
        await expectWhole(cli);
        expect((await cli.run(['watch', '--once', '--no-push'])).code).toBe(0);
        expect(await expectMirrorEqualsOrg(join(cli.dataDir, 'orgs', mirrorsIn(cli)[0]!), from)).toBe(
          contacts,
        );
      }
      expect(kills).toBeGreaterThan(3);
    }, 300_000);
  }
});
