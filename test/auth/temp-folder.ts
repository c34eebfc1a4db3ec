import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makeTempFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'parahack-sync-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
