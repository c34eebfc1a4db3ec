import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/compose/create-app.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { registryFileName } from '../../src/orgs/registry-fault.ts';
import { openServices } from './open-services.ts';

let emulator: Emulator;
let dataDir: string;
beforeEach(async () => {
  emulator = await startEmulator({ contacts: 1 });
  dataDir = mkdtempSync(join(tmpdir(), 'parahack-process-org-'));
});
afterEach(async () => {
  await emulator.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('an org of the environment, beside a registry that is damaged', () => {
  it('lets doctor say so, with all the rest that it checks', async () => {
    writeFileSync(join(dataDir, registryFileName), 'no database '.repeat(1_000));
    await using parts = openServices(emulator, { dataDir });
    await using app = await createApp(parts.services.config, { log: parts.services.log });
    const { checks } = await app.doctor({ signal: new AbortController().signal, onEvent: () => {} });
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['node', 'data folder', 'credential store']),
    );
    expect(checks).toContainEqual(
      expect.objectContaining({ status: 'fail', message: expect.stringContaining('is damaged') }),
    );
  });
});
