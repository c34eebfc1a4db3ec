import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bin, node } from './program.ts';

/** The package as a program gets it by its name: this tree, or the one that is installed. */
const installed = dirname(dirname(bin));
const root = new URL('../..', import.meta.url).pathname;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-sync-library-'));
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(installed, join(folder, 'node_modules/parahack-sync'));
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** In a process that has no variable of this program, and no home. */
function run(...args: string[]): Promise<Ended> {
  const env = { PATH: process.env.PATH, HOME: folder };
  return new Promise((resolve) => {
    execFile(node, args, { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

async function program(text: string): Promise<Ended> {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, text);
  return run(file);
}

describe('the library', () => {
  it('does what the example in its documentation shows', async () => {
    const { stdout, stderr, code } = await run(join(installed, 'docs/examples/library.mjs'));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toEqual([
      'connected local by client-credentials',
      'copying 500 contacts',
      'first copy complete: 500 contacts',
      '3 of 500 contacts, each with Id and LastName',
      'record 0 created',
      'record 1 updated',
      'one cycle complete',
      'found ada@example.com',
      'UNKNOWN_CONTACT is what an unknown Id gives',
    ]);
  });

  it('streams an export, tells faults of a push, and ends a watch with its signal', async () => {
    const { stdout, stderr, code } = await program(`
      import { openParahackSync } from 'parahack-sync';
      import { startEmulator } from 'parahack-sync/emulator';
      const emulator = await startEmulator({ contacts: 700, seed: 3 });
      const org = { instanceUrl: emulator.url, accessToken: emulator.accessToken };
      const sync = await openParahackSync({ dataDir: 'data', credentialStore: 'memory', org });
      await sync.backfill();
      const { contacts } = await sync.contacts.export({ fields: ['Id'] });
      let read = 0;
      for await (const { Id } of contacts) if (/^003/.test(Id)) read++;
      const pushed = await sync.push([{ LastName: 'A' }, { LastName: 'B', Emial: 'b@example.com' }]);
      const told = [];
      for await (const page of pushed.results()) told.push(...page);
      const faults = [];
      for await (const page of pushed.invalid.faults()) faults.push(...page.map(({ index, field }) => [index, field]));
      const end = new AbortController();
      const events = [];
      await sync.watch({}, { signal: end.signal, onEvent: ({ event }) => {
        events.push(event);
        if (event === 'cycle:complete') end.abort();
      } });
      const [status] = (await sync.status()).orgs;
      console.log(JSON.stringify({ read, told, faults, events, contacts: status.contacts, outbox: status.outbox }));
      await sync.close();
      await emulator.close();
    `);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual({
      read: 700,
      told: [],
      faults: [[1, 'Emial']],
      events: ['watch:start', 'cycle:complete', 'watch:stop'],
      contacts: 700,
      outbox: { pending: 0, rejected: 0, inDoubt: 0, held: 0, conflicts: 0 },
    });
  });

  it('says of an org that another process works on who that is, in the item of that org', async () => {
    const { stdout, stderr, code } = await program(`
      import { openParahackSync } from 'parahack-sync';
      import { startEmulator } from 'parahack-sync/emulator';
      const emulator = await startEmulator({ contacts: 5 });
      const org = { instanceUrl: emulator.url, accessToken: emulator.accessToken };
      const options = { dataDir: 'busy', credentialStore: 'memory', org };
      const first = await openParahackSync(options);
      const second = await openParahackSync(options);
      const taken = Promise.withResolvers();
      const watched = first.watch({}, { onEvent: ({ event }) => event === 'cycle:complete' && taken.resolve() });
      await taken.promise;
      const { orgs: [item] } = await second.backfill();
      console.log(item.status, item.error.code, item.error.details.pid === process.pid);
      await first.close();
      await watched;
      console.log((await second.backfill()).orgs[0].status);
      await second.close();
      await emulator.close();
    `);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe('failed ORG_BUSY true\ncomplete\n');
  });

  it('does not take what an event’s listener throws for a failure of the org', async () => {
    const { stdout, stderr, code } = await program(`
      import { openParahackSync } from 'parahack-sync';
      import { startEmulator } from 'parahack-sync/emulator';
      process.on('uncaughtException', ({ message }) => console.log(message));
      const emulator = await startEmulator({ contacts: 5 });
      const org = { instanceUrl: emulator.url, accessToken: emulator.accessToken };
      const sync = await openParahackSync({ dataDir: 'events', credentialStore: 'memory', org });
      const onEvent = ({ event }) => { if (event === 'backfill:start') throw new Error('mine'); };
      console.log((await sync.backfill({}, { onEvent })).orgs[0].status);
      await sync.close();
      await emulator.close();
    `);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe('mine\ncomplete\n');
  });

  it('touches nothing and prints nothing by being imported', async () => {
    const { stdout, stderr, code } = await program(`
      import * as library from 'parahack-sync';
      console.log(Object.keys(library).sort().join(' '), process.listenerCount('SIGTERM'));
    `);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe('AppError errorCodes isAppError main openParahackSync 0\n');
  });
});

describe('the types of the library', () => {
  const consumer = `
    import { type AppError, type ErrorCode, isAppError, type OpenOptions, openParahackSync, type PushItem, type WatchEvent } from 'parahack-sync';

    const options: OpenOptions = { dataDir: 'data', credentialStore: { kind: 'file', keyFile: 'key' } };
    await using sync = await openParahackSync(options);
    const { org } = await sync.login({ flow: 'jwt', username: 'a@b.c', keyFile: 'key.pem' });
    const grant: 'refresh-token' | 'jwt' | 'client-credentials' | 'access-token' = org.grant;
    const onEvent = (event: WatchEvent): void => {
      if (event.event === 'cycle:complete') console.log(event.upserted.toFixed(0));
    };
    await sync.watch({ once: true }, { signal: AbortSignal.timeout(1_000), onEvent });
    const items: PushItem[] = [];
    await using pushed = await sync.push([{ LastName: 'A' }], { upsertField: 'Key__c' });
    for await (const page of pushed.results()) items.push(...page);
    const { contacts } = await sync.contacts.list({ sort: { field: 'LastName', descending: true } });
    const code = (error: unknown): ErrorCode | null => (isAppError(error) ? error.code : null);
    const pidOf = (error: AppError<'ORG_BUSY'>): number | undefined => error.details?.pid;
    console.log(grant, contacts.length, code(null), pidOf);
  `;
  const wrong: readonly [string, string][] = [
    ['an option that there is not', 'sync.push([], { dryrun: true });'],
    ['a login without its token', "sync.login({ flow: 'access-token', instanceUrl: 'https://a.example' });"],
    ['an error code that there is not', "isAppError(null, 'NO_SUCH_CODE');"],
    ['a member that a result has not', '(await sync.status()).orgs.at(0)?.conntacts;'],
  ];

  function compile(name: string, text: string): Promise<Ended> {
    writeFileSync(join(folder, name), text);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--moduleResolution', 'nodenext'];
    return run(
      tsc,
      ...flags,
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
      '--types',
      'node',
      name,
    );
  }

  it('are what a strict program compiles with, its declarations checked too', async () => {
    const { stdout, code } = await compile('consumer.ts', consumer);
    expect([code, stdout]).toEqual([0, '']);
  });

  it.each(wrong)('refuse %s', async (_, statement) => {
    const head = "import { isAppError, openParahackSync } from 'parahack-sync';\n";
    const { stdout, code } = await compile(
      'wrong.ts',
      `${head}const sync = await openParahackSync({ dataDir: 'd' });\nvoid isAppError;\n${statement}\n`,
    );
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/^wrong\.ts\(4,/);
  });
});
