/**
 * What a watch over many orgs takes: how late its cycles begin, peak memory, file descriptors and processor time for an
 * idle cycle; against local orgs in one process beside it, some of which do not answer at all. That process shares the
 * machine's processors with the watch, so what it takes is told apart.
 *
 *   npm run build && npm run bench:watch                          50 orgs, 2 minutes, every 30 s, one dead org
 *   npm run bench:watch -- --orgs 500 --minutes 10 --dead 5
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { openParahackSync } = await import('../../dist/index.js');

const { values: flags } = parseArgs({
  options: {
    orgs: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '2' },
    interval: { type: 'string', default: '30' },
    contacts: { type: 'string', default: '5' },
    dead: { type: 'string', default: '1' },
    latency: { type: 'string', default: '0' },
  },
});
const orgCount = Number(flags.orgs);
const intervalMs = Number(flags.interval) * 1_000;
const deadCount = Number(flags.dead);
const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
/** Longer than anything waits for an answer. */
const neverMs = 3_600_000;

interface LocalOrg {
  url: string;
  accessToken: string;
}

interface Line {
  event: string;
  at: string;
  instanceUrl?: string;
  durationMs?: number;
  suspendedMs?: number;
  error?: { code: string; message: string };
}

const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-bench-'));
const env: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: folder,
  PARAHACK_SYNC_DATA_DIR: join(folder, 'data'),
  PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
  PARAHACK_SYNC_CREDENTIAL_KEY: 'bench',
  PARAHACK_SYNC_API_BUDGET: '1',
};
const sizes = ['--orgs', flags.orgs, '--contacts', flags.contacts, '--latency', flags.latency];
const emulatorFlags = [...sizes, '--daily-limit', '10000000'];
const emulator = spawn(process.execPath, [bin, 'emulator', '--json', ...emulatorFlags], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const { orgs } = JSON.parse(await firstLine(emulator)) as { orgs: LocalOrg[] };
  await prepare(orgs);
  const dead = orgs.slice(orgCount - deadCount);
  for (const org of dead) await silence(org);
  await watchAll(new Set(dead.map(({ url }) => new URL(url).origin)));
} finally {
  await stop(emulator);
  rmSync(folder, { recursive: true, force: true });
}

/** Logins and first copies, which are not what is measured. */
async function prepare(orgs: readonly LocalOrg[]): Promise<void> {
  const startedAt = performance.now();
  const sync = await openParahackSync({ env });
  try {
    for (const { url, accessToken } of orgs) {
      await sync.login({ flow: 'access-token', instanceUrl: url, accessToken });
    }
    const { orgs: copied } = await sync.backfill();
    const failed = copied.filter(({ status }) => status !== 'complete');
    if (failed.length > 0)
      throw new Error(`${failed.length} first copies failed: ${JSON.stringify(failed[0])}`);
  } finally {
    await sync.close();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(`${orgs.length} orgs connected and copied in ${seconds.toFixed(1)} s`);
}

async function silence({ url }: LocalOrg): Promise<void> {
  const answer = await fetch(`${url}/__emulator/settings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ latencyMs: neverMs }),
  });
  if (!answer.ok) throw new Error(`${url} cannot be made silent: ${await answer.text()}`);
}

async function watchAll(dead: ReadonlySet<string>): Promise<void> {
  const args = [bin, 'watch', '--interval', `${flags.interval}s`, '--log-format', 'json'];
  const startedAt = Date.now();
  const watch = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Line[] = [];
  createInterface({ input: watch.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const emulatorCpuBefore = cpuSeconds(emulator);
  let descriptors = 0;
  const looks = setInterval(() => {
    descriptors = Math.max(descriptors, descriptorsOf(watch));
  });
  // From the second interval on all is as it stays.
  await sleep(intervalMs);
  const [cpuAtWarm, memoryAtWarm, warmAt] = [cpuSeconds(watch), memoryMB(watch, 'VmRSS'), Date.now()];
  await sleep(Number(flags.minutes) * 60_000 - intervalMs);
  clearInterval(looks);
  const [cpu, memory, peak, endAt] = [
    cpuSeconds(watch),
    memoryMB(watch, 'VmRSS'),
    memoryMB(watch, 'VmHWM'),
    Date.now(),
  ];
  const emulatorCpu = cpuSeconds(emulator) - emulatorCpuBefore;
  await stop(watch);

  const complete = lines.filter(({ event }) => event === 'cycle:complete');
  const cycles = complete.map((line) => ({
    url: line.instanceUrl as string,
    endedAt: Date.parse(line.at),
    durationMs: line.durationMs as number,
  }));
  const warm = cycles.filter(({ endedAt }) => endedAt > warmAt && endedAt <= endAt);
  const seconds = (endAt - startedAt) / 1_000;
  report({
    'cycles complete': `${cycles.length} (of ${Math.floor((endAt - startedAt) / intervalMs) * (orgCount - dead.size)} due), of ${new Set(cycles.map(({ url }) => url)).size} orgs`,
    'cycles failed': `${lines.filter(({ event }) => event === 'cycle:failed').length}, of ${new Set(lines.filter(({ event }) => event === 'cycle:failed').map(({ instanceUrl }) => instanceUrl)).size} orgs`,
    'lateness p50, p95, p99, max': spread(latenessOf(cycles).map(({ lateMs }) => lateMs)),
    'the same of first cycles': spread(
      latenessOf(cycles).flatMap(({ n, lateMs }) => (n === 0 ? [lateMs] : [])),
    ),
    'the same of later ones': spread(latenessOf(cycles).flatMap(({ n, lateMs }) => (n > 0 ? [lateMs] : []))),
    'duration p50, p95, p99, max': spread(cycles.map(({ durationMs }) => durationMs)),
    'CPU for an idle cycle': `${(((cpu - cpuAtWarm) * 1_000) / warm.length).toFixed(1)} ms`,
    'CPU of watch, of emulator': `${percent(cpu / seconds)}, ${percent(emulatorCpu / seconds)} of one processor`,
    'memory warm, end, peak': `${memoryAtWarm}, ${memory}, ${peak} MB`,
    'file descriptors at most': String(descriptors),
    // After one, the cycles of all orgs are spread anew, and count as late against their former timetable.
    'machine stood still': `${lines.flatMap(({ suspendedMs = 0 }) => (suspendedMs > 0 ? [`${Math.round(suspendedMs / 1_000)} s`] : [])).join(', ') || 'never'}`,
    'load of the machine': loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  });
}

/**
 * How late each cycle began, against a timetable of its org that counts from its most punctual cycle: its beginning
 * less a whole number of intervals. So waiting in the first rush counts, too.
 */
function latenessOf(
  cycles: readonly { url: string; endedAt: number; durationMs: number }[],
): { n: number; lateMs: number }[] {
  return [...Map.groupBy(cycles, ({ url }) => url).values()].flatMap((ofOrg) => {
    const starts = ofOrg.map(({ endedAt, durationMs }) => endedAt - durationMs).sort((a, b) => a - b);
    const offsets = starts.map(
      (start) => start - Math.round((start - (starts[0] as number)) / intervalMs) * intervalMs,
    );
    const earliest = Math.min(...offsets);
    return offsets.map((offset, n) => ({ n, lateMs: offset - earliest }));
  });
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN);
  return `${[0.5, 0.95, 0.99, 1].map(at).join(', ')} ms`;
}

function report(figures: Record<string, string>): void {
  for (const [name, figure] of Object.entries(figures)) console.log(`${name.padEnd(30)}${figure}`);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  // User and system time in ticks of a hundredth.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function memoryMB({ pid }: ChildProcess, kind: 'VmRSS' | 'VmHWM'): number {
  const [, kb] =
    new RegExp(`${kind}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Math.round((Number(kb) * 1024) / 1e6);
}

function descriptorsOf({ pid }: ChildProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stdout as NodeJS.ReadableStream })) return line;
  throw new Error('The emulator did not start.');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill('SIGTERM');
  await end;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
