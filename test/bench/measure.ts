import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export interface Measured {
  seconds: number;
  /** Peak resident memory of the process itself, as the kernel counts it, in millions of bytes. */
  peakMB: number;
  /** That all its threads took of a processor, user and system; on a machine that is busy with others it says more than the time. */
  cpuSeconds: number;
  stdout: string;
}

/** A look costs some hundredths of a millisecond: one each millisecond would take a tenth of the second processor. */
const lookEveryMs = 20;

/**
 * Runs a command to its end, as a whole process. Throws where it ends otherwise than expected. Each program keeps
 * compiled code as it does by itself: a cache that this process was given is given to none.
 */
export async function measure(
  command: string,
  args: readonly string[],
  {
    env = process.env,
    input,
    onStart,
    expected = 0,
  }: {
    env?: NodeJS.ProcessEnv;
    input?: string;
    onStart?: (child: ChildProcess) => void;
    expected?: number;
  } = {},
): Promise<Measured> {
  const startedAt = performance.now();
  const { NODE_COMPILE_CACHE: _own, ...given } = env;
  const child = spawn(command, args, { env: given, stdio: ['pipe', 'pipe', 'pipe'] });
  onStart?.(child);
  child.stdin.on('error', () => {}).end(input ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  let peakMB = 0;
  let cpuSeconds = 0;
  const poll = setInterval(() => {
    peakMB = Math.max(peakMB, highWaterMB(child.pid));
    cpuSeconds = Math.max(cpuSeconds, cpuSecondsOf(child.pid));
  }, lookEveryMs);
  const [code] = await once(child, 'close').finally(() => clearInterval(poll));
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== expected)
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return { seconds, peakMB, cpuSeconds, stdout };
}

/** VmHWM only ever grows: the last look misses only what came between it and the end. */
function highWaterMB(pid: number | undefined): number {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match ? (Number(match[1]) * 1024) / 1e6 : 0;
  } catch {
    return 0;
  }
}

/** The kernel counts in hundredths of a second. */
function cpuSecondsOf(pid: number | undefined): number {
  try {
    // The name in brackets may hold blanks; what follows it begins with the third field.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
