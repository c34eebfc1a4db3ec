import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { childEnvironment } from '../../src/base/child-environment.ts';
import { Cli } from '../e2e/cli.ts';

let cli: Cli;
beforeEach(() => {
  cli = new Cli();
});
afterEach(() => cli[Symbol.dispose]());

const secrets = {
  PARAHACK_SYNC_CREDENTIAL_KEY: 'the-passphrase',
  PARAHACK_SYNC_CLIENT_SECRET: 'the-client-secret',
};

it.runIf(process.platform === 'linux')(
  'the browser is started without a secret of this program in its environment',
  async () => {
    const dump = join(cli.folder, 'environment');
    const browser = join(cli.folder, 'browser');
    writeFileSync(
      browser,
      `#!/bin/sh\nenv > ${dump}.new\necho "$@" >> ${dump}.new\nmv ${dump}.new ${dump}\n`,
      {
        mode: 0o755,
      },
    );
    const args = ['login', '--client-id', 'client', '--instance-url', 'http://localhost:9'];
    const child = cli.start([...args, '--timeout', '30s'], {
      env: { ...secrets, COPY_OF_IT: 'key=the-passphrase', BROWSER: browser },
    });
    await expect.poll(() => existsSync(dump), { timeout: 15_000 }).toBe(true);
    child.kill('SIGTERM');
    const seen = readFileSync(dump, 'utf8');
    expect(seen).toContain(`HOME=${cli.folder}`);
    expect(seen).toContain('http://localhost:9/services/oauth2/authorize');
    for (const secret of Object.values(secrets)) expect(seen).not.toContain(secret);
  },
);

it('keeps what is no secret', () => {
  const env = { PATH: '/bin', PARAHACK_SYNC_DATA_DIR: '/data', HTTPS_PROXY: 'http://proxy', EMPTY: '' };
  const all = {
    ...env,
    ...secrets,
    PARAHACK_SYNC_ACCESS_TOKEN: '00D!x',
    PARAHACK_SYNC_CREDENTIAL_KEY_FILE: '/key',
    PARAHACK_SYNC_DATABASE_URL: 'postgres://a:b@c',
    NOT_SET: undefined,
  };
  expect(childEnvironment(all)).toEqual(env);
});
