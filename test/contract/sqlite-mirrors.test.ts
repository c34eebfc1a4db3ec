import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { openMirrors } from '../../src/store/sqlite/open-mirrors.ts';
import { mirrorsContract } from './mirrors.contract.ts';

mirrorsContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mirrors-'));
  const mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
  return {
    mirrors,
    async [Symbol.asyncDispose]() {
      await mirrors[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
});
