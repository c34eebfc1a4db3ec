import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { isDeep } from '../support/deep.ts';
import { Cli } from './cli.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from './org.ts';
import { bin, node } from './program.ts';

const docs = readFileSync(new URL('../../docs/ci.md', import.meta.url), 'utf8');

/** A script as docs/ci.md shows it. */
function scriptOf(name: string): string {
  const block = new RegExp(`\`\`\`sh ${name}\\n([\\s\\S]*?)\`\`\``).exec(docs)?.[1];
  if (block === undefined) throw new Error(`docs/ci.md has no script ${name}.`);
  return block;
}

interface Kind {
  name: string;
  fault: Record<string, unknown>;
  /** The work may have been done although the answer says otherwise or never came. */
  doubtful?: boolean;
  /** No repeat may be expected to mend it, so its exit code is not 0 at once. */
  final?: boolean;
  /** The exit code where it lasts; 5 unless told. */
  exit?: number;
}

const refusal = (status: number, errorCode: string, message = errorCode) => ({
  status,
  body: [{ errorCode, message }],
});
const kinds: Kind[] = [
  { name: 'a connection cut before anything was done', fault: { reset: 'before' } },
  { name: 'an answer lost after the work was done', fault: { reset: 'after-commit' }, doubtful: true },
  {
    name: 'a connection cut, and the work done later',
    fault: { reset: 'commit-later', commitAfterMs: 300 },
    doubtful: true,
  },
  { name: 'a body that breaks off', fault: { dropAfterBytes: 20 }, doubtful: true },
  { name: '500', fault: refusal(500, 'UNKNOWN_EXCEPTION') },
  {
    name: '500 after the work was done',
    fault: { ...refusal(500, 'UNKNOWN_EXCEPTION'), afterCommit: true },
    doubtful: true,
  },
  { name: '502', fault: { status: 502, body: 'Bad Gateway', headers: { 'Content-Type': 'text/plain' } } },
  { name: '503', fault: { ...refusal(503, 'SERVER_UNAVAILABLE'), headers: { 'Retry-After': '0' } } },
  {
    name: '503 after the work was done',
    fault: { ...refusal(503, 'SERVER_UNAVAILABLE'), afterCommit: true },
    doubtful: true,
  },
  {
    name: 'a page for people',
    fault: {
      status: 503,
      body: '<html>Down for maintenance</html>',
      headers: { 'Content-Type': 'text/html' },
    },
  },
  { name: '504', fault: { status: 504, body: '', headers: { 'Content-Type': 'text/plain' } } },
  { name: '429', fault: { status: 429, body: '', headers: { 'Retry-After': '0' } } },
  {
    name: 'the concurrent limit',
    fault: refusal(
      403,
      'REQUEST_LIMIT_EXCEEDED',
      'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    ),
  },
  {
    name: 'the daily limit',
    fault: refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
    final: true,
  },
  { name: 'another limit', fault: refusal(403, 'LIMIT_EXCEEDED'), final: true },
  {
    name: 'a session that ended',
    fault: refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid'),
    exit: 3,
  },
  {
    name: 'a row that is locked',
    fault: refusal(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record'),
  },
];
/** Every kind with every case in the deep run; else a tenth of them, spread over kinds and cases. */
function chosen<Case extends object>(cases: readonly Case[]): (Kind & Case)[] {
  const all = kinds.flatMap((kind) => cases.map((one) => ({ ...kind, ...one })));
  // No divisor of the number of cases, so that each of them comes round.
  return all.filter((_, i) => isDeep || i % 9 === 0);
}

let emulator: Emulator;
let cli: Cli;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 40 });
  cli = new Cli();
  cli.sealCheaply();
  const keyFile = join(cli.folder, 'key.pem');
  writeFileSync(keyFile, await emulator.jwtPrivateKey(), { mode: 0o600 });
  const path = join(cli.folder, 'bin');
  mkdirSync(path);
  writeFileSync(join(path, 'parahack-sync'), `#!/bin/sh\nexec '${node}' '${bin}' "$@"\n`);
  chmodSync(join(path, 'parahack-sync'), 0o755);
  env = {
    ...cli.env,
    PATH: `${path}:${process.env.PATH}`,
    KEY_FILE: keyFile,
    SF_USERNAME: emulator.username,
    CLIENT_ID: emulator.clientId,
    INSTANCE_URL: emulator.url,
    RETRY_SECONDS: '0',
  };
  expect(await runScript('login-and-backfill')).toMatchObject({ code: 0 });
});

afterAll(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

function runScript(
  name: string,
  args: string | string[] = [],
  options: { env: NodeJS.ProcessEnv; cwd: string } = { env, cwd: cli.folder },
): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', scriptOf(name), name, ...[args].flat()], options, (error, _, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stderr }),
    );
  });
}

/** How many contacts the org has of each name. */
async function countsOf(names: readonly string[]): Promise<number[]> {
  const made = Map.groupBy(await contactsOf(emulator.url), ({ LastName }) => String(LastName));
  return names.map((name) => made.get(name)?.length ?? 0);
}

/** No fault any more. A used-up day is remembered, and looked at again at once by whoever asks for the limits. */
async function endFaults(options: { env: NodeJS.ProcessEnv; cwd: string } = { env, cwd: cli.folder }) {
  await setFaults();
  await new Promise<void>((resolve, reject) =>
    execFile(join(cli.folder, 'bin', 'parahack-sync'), ['limits'], options, (error) =>
      error === null ? resolve() : reject(error),
    ),
  );
}

const databaseEqualsOrg = () => expectMirrorEqualsOrg(cli.databaseOf(emulator.url), emulator.url);
const setFaults = (...faults: Record<string, unknown>[]) => control(emulator.url, 'faults', faults);
let serial = 0;

const pushes = [
  { times: 1, records: 1 },
  { times: 1, records: 30 },
  { times: 6, records: 1 },
  { times: 6, records: 30 },
];

describe('push and try again', () => {
  it.each(chosen(pushes))('through $name, $times times, with $records records', async (given) => {
    const { fault, doubtful, final, exit = 5, times, records } = given;
    const names = Array.from({ length: records }, (_, i) => `Push${serial}-${i}`);
    serial++;
    const file = join(cli.folder, 'contacts.json');
    writeFileSync(file, JSON.stringify(names.map((LastName) => ({ LastName }))));
    await setFaults({ match: 'POST .*/(ui-api/records|composite/sobjects)', times, ...fault });
    const { code } = await runScript('push-and-retry', file);
    await endFaults();
    const { results = [], error } = JSON.parse(readFileSync(join(cli.folder, 'push.json'), 'utf8'));
    // A day that is used up for all programs refuses the second try before it begins; the first one's records wait.
    if (results.length === 0)
      expect({ final, code: error.code }).toEqual({ final: true, code: 'API_BUDGET_EXHAUSTED' });
    const statuses = [...new Set(results.map(({ status }: { status: string }) => status))];
    const counts = await countsOf(names);
    expect(Math.max(...counts), 'a second contact').toBeLessThanOrEqual(1);
    if (code === 0) {
      expect(statuses).toEqual(['created']);
      expect(Math.min(...counts), 'a false success').toBe(1);
      return;
    }
    expect(code).toBe(exit === 3 ? 3 : 5);
    // Only a doubt that nobody can settle, or a refusal that lasts longer than the script, is no false alarm.
    expect(doubtful || final || exit === 3 || statuses.includes('in-doubt'), 'a false alarm').toBe(true);
    await runScript('watch-once');
    expect(Math.max(...(await countsOf(names))), 'a second contact').toBeLessThanOrEqual(1);
    // Whatever is left in doubt is no business of the next case.
    await cli.run(['outbox', 'drop', '--all', '--in-doubt']);
  });
});

describe('watch once and alert', () => {
  it.each(chosen([{ times: 1 }, { times: 40 }]))(
    'through $name, $times times',
    async ({ fault, final, exit = 5, times }) => {
      const alerts = join(cli.folder, 'alerts.txt');
      const before = existsSync(alerts) ? readFileSync(alerts, 'utf8') : '';
      await control(emulator.url, 'touch', { count: 3, set: { Title: `Watch ${serial++}` } });
      await control(emulator.url, 'delete', { count: 1 });
      await setFaults({ match: '(GET|POST) .*/(updated|deleted|composite/sobjects|query)', times, ...fault });
      const { code } = await runScript('watch-once');
      await endFaults();
      const alerted = existsSync(alerts) && readFileSync(alerts, 'utf8') !== before;
      expect(alerted).toBe(code !== 0);
      if (code === 0) await databaseEqualsOrg();
      else expect(code).toBe(exit);
      if (times === 1 && !final) expect(code, 'a false alarm').toBe(0);
      expect((await runScript('watch-once')).code).toBe(0);
      await databaseEqualsOrg();
    },
  );
});

/** What is over within seconds, wherever it happens. */
const passing = kinds.filter(({ fault }) => !('status' in fault) || Number(fault.status) >= 500);

describe('a login that has to be renewed meanwhile', () => {
  it.each(passing.filter((_, i) => isDeep || i % 3 === 0))(
    'raises no alert through $name',
    async ({ fault }) => {
      await control(emulator.url, 'touch', { count: 3, set: { Title: `Renewed ${serial++}` } });
      await control(emulator.url, 'sessions', { expire: true });
      await setFaults({ match: 'POST .*/services/oauth2/token', ...fault });
      const { code } = await runScript('watch-once');
      await setFaults();
      expect(code, 'a false alarm').toBe(0);
      await databaseEqualsOrg();
    },
  );
});

const logins = [
  { times: 1, match: '.*/services/data/.*' },
  { times: 40, match: '.*/services/data/.*' },
  { times: 1, match: 'POST .*/services/oauth2/token' },
  { times: 40, match: 'POST .*/services/oauth2/token' },
];

describe('log in and copy', () => {
  it.each(chosen(logins))(
    'through $name, $times times at $match',
    async ({ fault, final, exit = 5, times, match }) => {
      using other = new Cli();
      other.sealCheaply();
      const own = { env: { ...env, PARAHACK_SYNC_DATA_DIR: other.dataDir }, cwd: other.folder };
      await setFaults({ match, times, ...fault });
      const { code } = await runScript('login-and-backfill', [], own);
      const atTokens = match.includes('oauth2');
      if (final && !atTokens) await endFaults(own);
      else await setFaults();
      if (code === 0) await expectMirrorEqualsOrg(other.databaseOf(emulator.url), emulator.url);
      // A token endpoint that refuses by a code of the API's is no endpoint of Salesforce's.
      else expect(atTokens ? [3, 5] : [exit]).toContain(code);
      const passes = !atTokens || !('status' in fault) || Number(fault.status) >= 500;
      if (times === 1 && !final && passes) expect(code, 'a false alarm').toBe(0);
      expect((await runScript('login-and-backfill', [], own)).code).toBe(0);
      await expectMirrorEqualsOrg(other.databaseOf(emulator.url), emulator.url);
    },
  );
});
