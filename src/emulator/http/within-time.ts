import { createContext, Script } from 'node:vm';

/** The work took longer than it may. */
export class TimedOut extends Error {}

let runner: { run(work: () => void, ms: number): void } | undefined;

/** How often work that got no processor is begun anew. */
const mostStarts = 20;

/**
 * Runs synchronous work that can be stopped in its midst, a regular expression's backtracking included, which
 * nothing but the watchdog of node:vm can do. Throws TimedOut. It costs some 0.2 ms.
 *
 * The watchdog goes by the clock on the wall, and on a busy machine a process may get no processor for so long. So
 * work counts as slow only where it has used the time itself; else it is begun anew, and must bear that.
 */
export function withinTime<T>(ms: number, work: () => T): T {
  runner ??= createRunner();
  for (let start = 1; ; start++) {
    const before = usedByThread();
    let result: { value: T } | undefined;
    try {
      runner.run(() => {
        result = { value: work() };
      }, ms);
      if (result !== undefined) return (result as { value: T }).value;
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
    }
    if (usedByThread() - before > ms / 2 || start >= mostStarts) {
      throw new TimedOut(`The work took longer than ${ms} ms.`);
    }
  }
}

/** Milliseconds of processor time; before Node 23.9 those of all threads. */
function usedByThread(): number {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1_000;
}

function createRunner() {
  const sandbox = createContext({ work: () => {} });
  const script = new Script('work()');
  return {
    run(work: () => void, ms: number): void {
      sandbox.work = work;
      try {
        script.runInContext(sandbox, { timeout: ms });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
        throw new TimedOut(`The work took longer than ${ms} ms.`);
      } finally {
        sandbox.work = () => {};
      }
    },
  };
}
