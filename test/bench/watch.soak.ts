/**
 * A watch of an hour over orgs that change all the time and spoil every tenth request: nothing is lost or doubled, and
 * memory, descriptors, log and files do not grow beyond what is written.
 *
 *   npm run build && npm run soak                              60 minutes, a seed by chance
 *   npm run soak -- --minutes 5 --seed 7
 *
 * The same seed gives the same changes and faults in the same order; which of them meet depends on the machine. Ends
 * with 1 where something is wrong, and then leaves its folder behind: `events.ndjson`, `stderr.txt`, `samples.ndjson`,
 * `problems.txt` and the watch's data. It runs a copy of the build, so that another one may be made meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { differences } from '../model/watch/compare.ts';
import { contentsOfFile } from '../model/watch/mirror-contents.ts';
import { BusyUser } from './soak/busy-user.ts';
import { EveryTenthRequest } from './soak/every-tenth-request.ts';
import { filesNow, judge, processNow, type Sample, type Verdict } from './soak/samples.ts';
import { SoakedOrg } from './soak/soaked-org.ts';
import { WatchUnderSoak } from './soak/watch-under-soak.ts';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    keep: { type: 'boolean', default: false },
  },
});
const minutes = Number(flags.minutes);
const seed = Number(flags.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed)) throw new Error('--minutes and --seed take numbers.');
const sizes = [300, 1_000, 2_500];
const intervalMs = 30_000;
const sampleEveryMs = 5_000;
/** After a refusal for the day a watch comes back within an hour, and what follows are a few cycles. */
const settledWithinMs = 90 * 60_000;

const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-soak-'));
const bin = copyBuild();
const env: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: folder,
  PARAHACK_SYNC_DATA_DIR: join(folder, 'data'),
  PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
  PARAHACK_SYNC_CREDENTIAL_KEY: 'soak',
  PARAHACK_SYNC_API_BUDGET: '1',
};
console.log(`${minutes} minutes with seed ${seed} in ${folder}`);
const problems: string[] = [];
const emulator = spawn(
  process.execPath,
  [
    bin,
    'emulator',
    '--json',
    '--orgs',
    '3',
    '--contacts',
    '300',
    '--seed',
    String(seed),
    '--daily-limit',
    '10000000',
  ],
  { env, stdio: ['ignore', 'pipe', 'inherit'] },
);
const children: ChildProcess[] = [emulator];
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
try {
  await soak(await startOrgs());
} catch (error) {
  problems.push(`The soak itself failed: ${error instanceof Error ? error.stack : error}`);
} finally {
  await stop(emulator);
}
if (problems.length > 0) {
  writeFileSync(join(folder, 'problems.txt'), `${problems.join('\n')}\n`);
  for (const problem of problems.slice(0, 20)) console.log(`WRONG: ${problem}`);
  console.log(`${problems.length} things are wrong; all of them, and the log: ${folder}`);
  process.exitCode = 1;
} else if (!flags.keep) rmSync(folder, { recursive: true, force: true });

/** Answers the file to start. */
function copyBuild(): string {
  const root = new URL('../../', import.meta.url).pathname;
  const copy = join(folder, 'program');
  mkdirSync(copy);
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return join(copy, 'bin', 'parahack-sync.js');
}

async function startOrgs(): Promise<SoakedOrg[]> {
  for await (const line of createInterface({ input: emulator.stdout as NodeJS.ReadableStream })) {
    const ready = JSON.parse(line) as { orgs: ConstructorParameters<typeof SoakedOrg>[0][] };
    const orgs = ready.orgs.map((org) => new SoakedOrg(org));
    for (const [i, org] of orgs.entries()) await prepare(org, sizes[i] as number);
    return orgs;
  }
  throw new Error('The emulator did not start.');
}

/** Logged in by a key, so that a session that ends is renewed. Pages are short, so that many requests can fail. */
async function prepare(org: SoakedOrg, contacts: number): Promise<void> {
  const { openParahackSync } = await import(join(folder, 'program', 'dist', 'index.js'));
  if (contacts > 300) await org.post('contacts', { count: contacts - 300, seed });
  await org.post('settings', { maxPageRows: 100 });
  const keyFile = join(folder, `key-${new URL(org.url).port}.pem`);
  const { privateKey } = await org.get<{ privateKey: string }>('jwt-key');
  writeFileSync(keyFile, privateKey, { mode: 0o600 });
  const sync = await openParahackSync({ env });
  try {
    const { username, clientId, url: loginUrl } = org;
    await sync.login({ flow: 'jwt', loginUrl, clientId, username, keyFile });
  } finally {
    await sync.close();
  }
}

async function soak(orgs: readonly SoakedOrg[]): Promise<void> {
  const requestsBefore = await requestsOf(orgs);
  const faults = orgs.map((org) => new EveryTenthRequest(org));
  for (const [i, one] of faults.entries()) await one.plant(seed + i);
  const ended = new AbortController();
  const users = await Promise.all(
    orgs.map(
      async (org, i) =>
        new BusyUser(
          org,
          (await org.rows()).map(({ Id }) => Id),
          seed + i,
        ),
    ),
  );
  const watch = new WatchUnderSoak(bin, env, folder);
  children.push(watch.process);
  try {
    const work = Promise.all(users.map((user) => user.workUntil(ended.signal)));
    const samples = await sample(watch, orgs).finally(() => ended.abort());
    await work;
    const met = await Promise.all(faults.map((one) => one.met()));
    const requests = (await requestsOf(orgs)) - requestsBefore;
    for (const one of faults) await one.clear();
    if (!watch.hasEnded) await settle(orgs, watch);
    await watch.stop();
    problems.push(...watch.problems);
    for (const org of orgs) await compare(org);
    const spools = readdirSync(join(folder, 'data', 'orgs'), { recursive: true }).filter((name) =>
      /spool.*\w\.\w/.test(String(name)),
    );
    if (spools.length > 0) problems.push(`Spool files are left: ${spools.join(', ')}`);
    report({ watch, samples, requests, faults: added(met), changes: added(users.map(({ done }) => done)) });
  } finally {
    await watch.stop();
  }
}

/** For as long as was asked from the moment on at which each org has its first copy. */
async function sample(watch: WatchUnderSoak, orgs: readonly SoakedOrg[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  let untilMs = Date.now() + settledWithinMs;
  while (Date.now() < untilMs && !watch.hasEnded) {
    await sleep(sampleEveryMs);
    if (watch.hasEnded) break;
    const states = await Promise.all(orgs.map((org) => org.get<Record<string, number>>('state')));
    const contacts = states.reduce(
      (sum, { live = 0, deleted = 0, purged = 0 }) => sum + live + deleted + purged,
      0,
    );
    const { logLines, logBytes } = watch;
    const place = filesNow(env.PARAHACK_SYNC_DATA_DIR as string);
    const now = { at: Date.now(), ...processNow(watch.pid), ...place, logLines, logBytes, contacts };
    appendFileSync(join(folder, 'samples.ndjson'), `${JSON.stringify(now)}\n`);
    if (watch.firstCopies.size < orgs.length) continue;
    if (samples.length === 0) untilMs = Date.now() + minutes * 60_000;
    samples.push(now);
  }
  return samples;
}

/** Until two more cycles of each org are complete, the first of which covers the end of all changes. */
async function settle(orgs: readonly SoakedOrg[], watch: WatchUnderSoak): Promise<void> {
  const quietAt = Date.now();
  const covered = new Map<string, number>();
  while (
    covered.size < orgs.length ||
    orgs.some(({ url }) => count(url) < (covered.get(url) as number) + 2)
  ) {
    if (watch.hasEnded) return;
    if (Date.now() > quietAt + settledWithinMs) {
      problems.push(
        `After ${settledWithinMs} ms without faults ${orgs.length - covered.size} orgs are not covered.`,
      );
      return;
    }
    for (const { url } of orgs) {
      const cycle = watch.cycles.get(new URL(url).origin);
      if (cycle !== undefined && cycle.coveredUntil > quietAt && !covered.has(url))
        covered.set(url, cycle.count - 1);
    }
    await sleep(1_000);
  }

  function count(url: string): number {
    return watch.cycles.get(new URL(url).origin)?.count ?? 0;
  }
}

async function compare(org: SoakedOrg): Promise<void> {
  const file = join(folder, 'data', 'orgs', `${new URL(org.url).host.replace(':', '_')}.db`);
  const none = new Set<string>();
  const rows = await org.rows();
  writeFileSync(
    join(folder, `${new URL(org.url).port}.ndjson`),
    rows.map((row) => JSON.stringify(row)).join('\n'),
  );
  const withheld = {
    rows: none,
    everHidden: none,
    everGone: null,
    everRestored: none,
    goneUnseen: none,
    fields: none,
    merges: false,
    deletes: false,
    lists: false,
  };
  problems.push(
    ...differences(rows, contentsOfFile(file), withheld).map((problem) => `${org.url}: ${problem}`),
  );
  const db = new Database(file, { readonly: true });
  const doubled = db.prepare('select Id from contact group by Id having count(*) > 1').pluck().all();
  const check = db.pragma('integrity_check', { simple: true });
  db.close();
  if (doubled.length > 0) problems.push(`${org.url}: doubled: ${doubled.join(', ')}`);
  if (check !== 'ok') problems.push(`${org.url}: the mirror is damaged: ${check}`);
}

interface Outcome {
  watch: WatchUnderSoak;
  samples: readonly Sample[];
  requests: number;
  faults: ReadonlyMap<string, number>;
  changes: ReadonlyMap<string, number>;
}

function report({ watch, samples, requests, faults, changes }: Outcome): void {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 16) {
    problems.push(`${samples.length} samples with all first copies complete are too few to judge.`);
    return;
  }
  const hit = [...faults.values()].reduce((sum, one) => sum + one, 0);
  const hours = (last.at - first.at) / 3_600_000;
  tell('watched, all copied', `${(hours * 60).toFixed(1)} minutes`);
  tell('requests, of them spoilt', `${requests}, ${hit} (${((100 * hit) / requests).toFixed(1)} %)`);
  tell('faults', listed(faults));
  tell('changes', listed(changes));
  tell('cycles complete', [...watch.cycles.values()].map(({ count }) => count).join(', '));
  tell('failures told', listed(watch.failures) || 'none');
  // Some requests are under way, and a list of faults is begun with nine good ones.
  if (hit < requests / 11 - 6) problems.push(`${hit} of ${requests} requests were spoilt, not every tenth.`);
  const verdicts = [...judge(samples, sizes.length), logVerdict(first, last)];
  for (const { what, second, last, bound, unit, isGood } of verdicts) {
    const [from, to, most] = [second, last, bound].map((value) => figure(value, unit));
    tell(what, `${from} -> ${to}, at most ${most}${isGood ? '' : '  WRONG'}`);
    if (!isGood) problems.push(`${what}: ${from} in the second quarter, ${to} in the last, at most ${most}`);
  }
  tell('log', `${Math.round((last.logBytes - first.logBytes) / hours / 1_000)} KB an hour`);
  tell(
    'load of the machine',
    loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  );
}

/** Of each cycle that can be due one line, and another that it has failed or recovered; describes and the like are rare. */
function logVerdict(first: Sample, last: Sample): Verdict {
  const ms = last.at - first.at;
  const lines = last.logLines - first.logLines;
  const bound = Math.ceil((sizes.length * 2 * ms) / intervalMs) + 20;
  return { what: 'log lines', second: 0, last: lines, bound, unit: '', isGood: lines <= bound };
}

async function requestsOf(orgs: readonly SoakedOrg[]): Promise<number> {
  const states = await Promise.all(orgs.map((org) => org.get<{ callsTotal: number }>('state')));
  return states.reduce((sum, { callsTotal }) => sum + callsTotal, 0);
}

function added(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const map of maps) for (const [name, count] of map) sum.set(name, (sum.get(name) ?? 0) + count);
  return sum;
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

function figure(value: number, unit: Verdict['unit']): string {
  return unit === 'MB' ? `${(value / 1e6).toFixed(1)} MB` : String(Math.round(value));
}

function tell(name: string, text: string): void {
  console.log(`${name.padEnd(26)}${text}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill('SIGTERM');
  await end;
}
