import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { openMirrors } from '../../src/store/sqlite/open-mirrors.ts';
import { contactKeysContract } from './contact-keys.contract.ts';
import { contactReaderContract } from './contact-reader.contract.ts';
import { mirrorsContract, type OpenedMirrors } from './mirrors.contract.ts';

async function open(): Promise<OpenedMirrors> {
  const folder = mkdtempSync(join(tmpdir(), 'mirrors-'));
  const mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
  return {
    mirrors,
    async [Symbol.asyncDispose]() {
      await mirrors[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

mirrorsContract('SQLite', open);
contactReaderContract('SQLite', open, { conditions: true });
contactKeysContract('SQLite', open);
