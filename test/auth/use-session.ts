import { join } from 'node:path';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { openSession } from '../../src/auth/open-session.ts';
import { systemClock } from '../../src/base/clock.ts';
import { isAppError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { lockingIn } from '../support/leases.ts';
import { wire } from './wire.ts';

/**
 * One process that uses an org as a command does: a call, after a 401 at most one renewal and one more call.
 * Ends with 0, with 3 where a login is needed, else with 1.
 */
const [folder = '', instanceUrl = ''] = process.argv.slice(2);
const withLock = lockingIn(join(folder, 'locks'));
const store = openCredentialStore({ kind: 'file', key: 'correct horse', folder, withLock });
process.exitCode = await run();

async function run(): Promise<number> {
  try {
    const credential = await store.get(instanceUrl);
    if (credential === null) return 3;
    await using session = openSession(credential, {
      store,
      withLock,
      wire,
      clock: systemClock,
      log: silentLogger,
    });
    const call = async (token: string): Promise<number> => {
      const response = await fetch(`${session.apiUrl}/services/data/v62.0/limits`, {
        headers: { authorization: `Bearer ${token}` },
      });
      await response.arrayBuffer();
      return response.status;
    };
    const token = await session.accessToken();
    let status = await call(token);
    if (status === 401) {
      process.stdout.write('renewing\n');
      status = await call(await session.renew(token));
    }
    process.stdout.write(`${status}\n`);
    return status === 200 ? 0 : status === 401 ? 3 : 1;
  } catch (error) {
    process.stdout.write(`${isAppError(error) ? error.code : error}\n`);
    return isAppError(error, 'LOGIN_REQUIRED') ? 3 : 1;
  }
}
