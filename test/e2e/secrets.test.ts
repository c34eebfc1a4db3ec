import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { lockingIn } from '../support/leases.ts';
import { Cli, ended } from './cli.ts';
import { control } from './org.ts';

/**
 * Every secret that a login and a working day make is searched for in all that is written anywhere: output at
 * the highest verbosity, every file of the data folder, and the process list.
 */

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ contacts: 50, autoApprove: true, rotateRefreshTokens: true });
});
afterAll(() => emulator.close());

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Arguments and environment of our processes as `ps` would show the arguments. */
function argumentsOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

describe('secrets', () => {
  it('are in no output, file or process list', async () => {
    using cli = new Cli();
    const said: string[] = [];
    const secrets = new Set<string>(['a passphrase for tests', emulator.clientSecret]);

    const login = cli.start([
      'login',
      '--no-browser',
      '--json',
      '-vvv',
      '--instance-url',
      emulator.url,
      '--client-id',
      emulator.clientId,
    ]);
    const end = ended(login);
    const first = await new Promise<string>((resolve) =>
      login.stdout!.once('data', (text) => resolve(String(text))),
    );
    const { url } = JSON.parse(first.split('\n')[0]!);
    const redirect = await fetch(url, { redirect: 'manual' });
    const callback = redirect.headers.get('location')!;
    secrets.add(new URL(callback).searchParams.get('code')!);
    said.push(argumentsOf(login.pid));
    await fetch(callback);
    const { stdout, stderr, code } = await end;
    expect(code).toBe(0);
    said.push(stdout, stderr);

    // What the encrypted file holds after each step: a rotating org gives out new tokens each time.
    const store = openCredentialStore({
      kind: 'file',
      key: 'a passphrase for tests',
      folder: join(cli.dataDir, 'credentials'),
      withLock: lockingIn(join(cli.dataDir, 'credentials', 'locks')),
    });
    const noteTokens = async () => {
      const { accessToken, refreshToken } = (await store.get(emulator.url))!;
      secrets.add(accessToken).add(refreshToken!);
    };
    await noteTokens();

    const take = async (...args: string[]) => {
      const child = cli.start([...args, '-vvv']);
      const end = ended(child);
      said.push(argumentsOf(child.pid));
      child.stdin?.end(JSON.stringify({ LastName: 'Secretive' }));
      const result = await end;
      said.push(result.stdout, result.stderr);
      return result;
    };
    await take('backfill');
    await control(emulator.url, 'sessions', { expire: true });
    await take('watch', '--once');
    await noteTokens();
    await take('push', '-');
    await control(emulator.url, 'faults', [
      { match: 'GET .*updated', times: 1, status: 500 },
      { match: 'GET .*deleted', times: 9, reset: 'before' },
    ]);
    await take('watch', '--once', '--json');
    await take('watch', '--once', '--log-format', 'json');
    await control(emulator.url, 'faults', []);
    await take('status', '--json');
    await take('doctor');
    await control(emulator.url, 'tokens', { revokeRefresh: true });
    await control(emulator.url, 'sessions', { expire: true });
    const refused = await take('backfill', '--json');
    expect(refused.code).toBe(3);

    expect(secrets.size).toBeGreaterThanOrEqual(7);
    const files = filesBelow(cli.dataDir);
    expect(files.length).toBeGreaterThan(3);
    for (const path of files) said.push(readFileSync(path, 'latin1'));
    for (const secret of secrets) {
      for (const text of said)
        expect(text.includes(secret), `${secret.slice(0, 6)}… is in ${text.slice(0, 200)}`).toBe(false);
    }
  });
});
