import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { haveRealPart } from '../support/real-part.ts';
import { credentialFor } from './salesforce-script.ts';
import { makeTempFolder } from './temp-folder.ts';

const present = haveRealPart('the Secret Service', ['dbus-run-session', 'gnome-keyring-daemon', 'dbus-send']);
const url = 'https://acme.my.salesforce.com';

interface Step {
  step: string;
  value?: unknown;
  error?: { code: string; details: { store: string; reason: string } } | string;
}

let temp: ReturnType<typeof makeTempFolder>;
beforeEach(() => {
  temp = makeTempFolder();
});
afterEach(() => temp[Symbol.dispose]());

const node = `'${process.execPath}' '${join(import.meta.dirname, 'keychain-steps.ts')}'`;

/** Runs shell lines in a D-Bus session of their own, with a home, a keyring and no display. */
function inSession(lines: readonly string[], { dbus = true }: { dbus?: boolean } = {}): Step[] {
  const runtime = join(temp.path, 'run');
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const command = ['sh', '-ec', lines.join('\n')];
  const [program = '', ...args] = dbus ? ['dbus-run-session', '--', ...command] : command;
  const { stdout, stderr, status } = spawnSync(program, args, {
    env: { PATH: process.env.PATH, HOME: temp.path, XDG_RUNTIME_DIR: runtime },
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`ended with ${status}: ${stdout}${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Step);
}

const unlock = 'printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1';
const lock =
  'dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >/dev/null';

describe.skipIf(!present)('the real Secret Service', () => {
  it('stores, replaces and deletes a credential, long ones in parts', () => {
    const steps = inSession([
      unlock,
      `${node} ${url} get set get set-long get list set get list delete get list delete`,
    ]);
    const short = credentialFor(url);
    const long = credentialFor(url, { accessToken: 'T'.repeat(6_000), privateKey: 'P'.repeat(3_000) });
    expect(steps.map(({ value, error }) => error ?? value)).toEqual([
      null,
      true,
      short,
      true,
      long,
      [url],
      true,
      short,
      [url],
      true,
      null,
      [],
      false,
    ]);
  });

  it('keeps a credential for the next process', () => {
    const steps = inSession([unlock, `${node} ${url} set`, `${node} ${url} get`]);
    expect(steps.at(-1)?.value).toEqual(credentialFor(url));
  });

  it('says of a locked collection that it is locked, never that it is empty, and does not crash', () => {
    const steps = inSession([unlock, `${node} ${url} set`, lock, `${node} ${url} get list delete probe set`]);
    const locked = { code: 'CREDENTIAL_STORE_UNAVAILABLE', details: { store: 'keychain', reason: 'locked' } };
    expect(steps.slice(1).map(({ step, error }) => [step, error])).toEqual(
      ['get', 'list', 'delete', 'probe', 'set'].map((step) => [step, locked]),
    );
  });

  it('says of a session bus without a keyring that there is none', () => {
    const steps = inSession([`${node} ${url} get set`]);
    for (const { error } of steps) expect(error).toMatchObject({ details: { reason: 'absent' } });
    expect(steps).toHaveLength(2);
  });

  it('says of a machine without D-Bus that there is none', () => {
    const steps = inSession([`${node} ${url} get set list delete`], { dbus: false });
    for (const { error } of steps) {
      expect(error).toMatchObject({ code: 'CREDENTIAL_STORE_UNAVAILABLE', details: { reason: 'absent' } });
    }
    expect(steps).toHaveLength(4);
  });
});
