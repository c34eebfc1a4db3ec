import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';

const url = 'https://acme.my.salesforce.com';

it('a reconcile that another process asks for is seen in a mirror that is closed here, and again when it has ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-asked-'));
  const opened = () => openMirrors({ folder, log: silentLogger, clock: systemClock });
  try {
    await using watching = opened();
    expect(await watching.isReconcileAsked(url)).toBe(false);
    await using other = opened();
    const mirror = await other.open(url, { create: true });
    expect(await watching.isReconcileAsked(url)).toBe(false);
    await mirror.journal.askReconcile({ id: 'a', force: false, dryRun: false });
    // While the other has it open, and of the file alone.
    expect(await watching.isReconcileAsked(url)).toBe(true);
    await mirror[Symbol.asyncDispose]();
    expect(await watching.isReconcileAsked(url)).toBe(true);
    const again = await other.open(url, { create: false });
    const asked = (await again.journal.askedReconcile())!;
    await again.journal.noteAsked({ ...asked, state: 'ended' });
    await again[Symbol.asyncDispose]();
    expect(await watching.isReconcileAsked(url)).toBe(false);
    const bytes = readFileSync(watching.location(url));
    writeFileSync(watching.location(url), Buffer.alloc(bytes.length, 0x5a));
    await expect(watching.isReconcileAsked(url)).rejects.toMatchObject({ code: 'MIRROR_CORRUPT' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
