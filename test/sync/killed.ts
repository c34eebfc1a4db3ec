import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** Starts `child`, lets it run for `afterMs` after its first word, kills it; answers whether it was still under way. */
export async function killed(child: string, args: readonly string[], afterMs: number): Promise<boolean> {
  const path = new URL(`./${child}`, import.meta.url).pathname;
  const running = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(running, 'exit');
  await Promise.race([once(running.stdout, 'data'), end]);
  await delay(afterMs);
  running.kill('SIGKILL');
  const [code] = await end;
  return code === null;
}
