import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('a lock takes little memory, so that a watch can hold hundreds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-locks-'));
  try {
    const script = join(import.meta.dirname, 'hold-locks.ts');
    const bytes = Number(execFileSync(process.execPath, [script, folder], { encoding: 'utf8' }));
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(110_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
