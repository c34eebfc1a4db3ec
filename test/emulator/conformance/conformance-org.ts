import { TestRunner } from 'vitest';
import type { EmulatorOptions } from '../../../src/emulator/index.ts';
import type { RunningEmulator } from '../running-emulator.ts';
import { around, runEmulator } from '../running-emulator.ts';
import type { GivenServer } from './given-server.ts';
import { factsOf, givenServer } from './given-server.ts';

/** The org that the suite judges: an emulator of its own, or a server that stands elsewhere. */
export interface ConformanceOrg extends RunningEmulator {
  /** Back to the start. A server that stands elsewhere stays as the tests before left it. */
  reset(): Promise<void>;
  /** By its clock, milliseconds since 1970. */
  nowMs(): Promise<number>;
  /** An hour passes; a server that stands elsewhere has no rows that were made just now anyway. */
  leaveSeedBehind(): Promise<void>;
  /** Live contacts. */
  live(): Promise<number>;
  /** Skips the test that is under way at a server that stands elsewhere. */
  needsOwnEmulator(why: string): void;
  /** A value that no other run has used: a server that stands elsewhere keeps the rows of earlier ones. */
  unused(value: string): string;
}

/** Told apart by run, and short enough for a field of any length. */
const run = Date.now().toString(36);

/** Starts an emulator, or takes the server of `PARAHACK_CONFORMANCE_URL`. */
export async function conformanceOrg(options: EmulatorOptions = {}): Promise<ConformanceOrg> {
  const given = givenServer(process.env);
  if (given) return atGivenServer(given, options);
  const org = await runEmulator(options);
  return {
    ...org,
    reset: async () => {
      await org.control('reset', {});
    },
    nowMs: async () => (await org.control<{ nowMs: number }>('clock')).nowMs,
    leaveSeedBehind: async () => {
      await org.control('clock', { advanceMs: 3_600_000 });
    },
    live: async () => (await org.control<{ live: number }>('state')).live,
    needsOwnEmulator: () => {},
    unused: (value) => value,
  };
}

async function atGivenServer(given: GivenServer, options: EmulatorOptions): Promise<ConformanceOrg> {
  let missing =
    options.objectFiles === undefined ? undefined : 'an org that was started with an object of its own';
  /** Skips the test under way; outside of one, those that follow, since what they stand on is not there. */
  const skip = (why: string): never | undefined => {
    const test = TestRunner.getCurrentTest();
    if (test) return test.context.skip(`needs ${why}`);
    missing ??= why;
    return undefined;
  };
  const unless = () => {
    if (missing !== undefined) skip(missing);
  };
  const org = around(await factsOf(given, skip));
  return {
    ...org,
    api: (path, init) => {
      unless();
      return org.api(path, init);
    },
    control: async () => skip('the control surface') as never,
    controlReply: async () => skip('the control surface') as never,
    logIn: async () => skip('the control surface') as never,
    reset: async () => unless(),
    nowMs: async () => {
      unless();
      return Date.parse((await fetch(given.url)).headers.get('date') ?? '');
    },
    leaveSeedBehind: async () => unless(),
    live: async () => {
      unless();
      return (await org.api<{ totalSize: number }>('/query?q=SELECT+COUNT()+FROM+Contact')).body.totalSize;
    },
    needsOwnEmulator: (why) => {
      skip(why);
    },
    unused: (value) => `${value}${run}`,
  };
}
