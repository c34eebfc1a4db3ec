import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { credentialFileName } from '../../src/auth/file-store.ts';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { sealCheaply } from '../support/cheap-seal.ts';
import { isDeep, repeats } from '../support/deep.ts';
import { lockingIn } from '../support/leases.ts';
import fc from '../support/properties.ts';
import { credentialFor } from './salesforce-script.ts';
import { makeTempFolder } from './temp-folder.ts';

const kills = repeats(10);

it(
  `a kill at any instant of ${kills} leaves the last credential that was said to be kept, or the next one`,
  async () => {
    using temp = makeTempFolder();
    const folder = join(temp.path, 'credentials');
    const other = credentialFor('https://other.my.salesforce.com');
    const open = () =>
      openCredentialStore({
        kind: 'file',
        key: 'correct horse',
        folder,
        withLock: lockingIn(join(temp.path, 'locks')),
      });
    sealCheaply(folder, 'correct horse');
    await open().set(other);
    for (const delayMs of fc.sample(fc.nat(60), kills)) {
      const script = join(import.meta.dirname, 'store-set.ts');
      const child = spawn(process.execPath, [script, temp.path, 'victim', 'loop'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(child, 'close');
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (said === '') setTimeout(() => child.kill('SIGKILL'), delayMs);
        said += text;
      });
      await closed;
      const last = Number(said.trimEnd().split('\n').at(-1));
      const kept = await open().get('https://victim.my.salesforce.com');
      expect([`${last}`, `${last + 1}`]).toContain(kept?.accessToken);
      expect(await open().get(other.instanceUrl)).toEqual(other);
      // What the kill left behind is taken over by the next write, not collected.
      await open().set(other);
      expect(readdirSync(folder)).toEqual([credentialFileName]);
    }
  },
  isDeep ? 600_000 : 120_000,
);
