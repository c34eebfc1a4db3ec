import type { CallLedger } from '../../../src/sync/ports/call-ledger.ts';
import type { FailPoints } from './fail-points.ts';
import { watched } from './watched.ts';

const writes = new Set(['reserve', 'giveBack', 'report', 'mayLook', 'saveStretched']);

/** The same where the process can die at every write of what it counts. */
export function mortalCalls(calls: CallLedger, points: FailPoints): CallLedger {
  return watched(calls, (name, call) =>
    writes.has(name) ? (...args) => points.around('count', () => call(...args)) : call,
  );
}
