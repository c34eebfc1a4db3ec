import { AppError } from '../base/errors.ts';
import type { Emulator } from './emulator.ts';
import type { EmulatorOptions } from './options.ts';
import { startEmulator } from './start-emulator.ts';

const orgsAtMost = 1_000;

/** Several orgs of one process; they share nothing. */
export interface Emulators extends AsyncDisposable {
  /** At least one. */
  readonly orgs: readonly [Emulator, ...Emulator[]];
  /** Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts so many orgs, each on a port and with an org id of its own: with a `port` on that one and those that follow
 * it, with a `stateFile` in that one and in `FILE.2`, `FILE.3` and so on. All have the same contacts and the same
 * client app, since they have the same seed. Where one cannot be started, none is.
 */
export async function startOrgs(count: number, options: EmulatorOptions = {}): Promise<Emulators> {
  refuseImpossible(count, options);
  const orgs: [Emulator, ...Emulator[]] = [await startEmulator(options)];
  const close = async () => {
    await Promise.all(orgs.map((org) => org.close()));
  };
  try {
    for (let at = 1; at < count; at++) {
      const next = await startEmulator(optionsOf(at, options));
      orgs.push(next);
      refuseSameOrg(orgs, next);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { orgs, close, [Symbol.asyncDispose]: close };
}

function refuseImpossible(count: number, { port = 0, orgId }: EmulatorOptions): void {
  if (!Number.isInteger(count) || count < 1 || count > orgsAtMost) {
    throw new AppError('INVALID_INPUT', `An emulator hosts 1 to ${orgsAtMost} orgs, not ${count}.`, {
      hint: 'Start another emulator for more.',
    });
  }
  if (count === 1) return;
  if (orgId !== undefined) {
    throw new AppError('INVALID_INPUT', 'An org id can be given to one org only.', {
      hint: 'Leave the org id out: each org has one of its own.',
    });
  }
  if (port !== 0 && port + count - 1 > 65_535) {
    throw new AppError('INVALID_INPUT', `There are no ${count} ports from ${port} on.`, {
      hint: 'Choose a smaller port, or 0 for free ones.',
    });
  }
}

/** As copied state files keep it, or one that was made on a port that is now another's. */
function refuseSameOrg(orgs: readonly Emulator[], next: Emulator): void {
  if (orgs.every((org) => org === next || org.orgId !== next.orgId)) return;
  throw new AppError('INVALID_INPUT', `Two of the state files keep the same org, ${next.orgId}.`, {
    hint: 'Delete one of them, or name another file.',
  });
}

function optionsOf(at: number, options: EmulatorOptions): EmulatorOptions {
  const { port = 0, stateFile } = options;
  return {
    ...options,
    port: port === 0 ? 0 : port + at,
    ...(stateFile === undefined ? {} : { stateFile: `${stateFile}.${at + 1}` }),
  };
}
