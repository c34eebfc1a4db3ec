import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteCallLedger } from '../../src/store/sqlite/calls/sqlite-call-ledger.ts';
import { callLedgerContract } from './call-ledger.contract.ts';

callLedgerContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'calls-'));
  const ledger = new SqliteCallLedger(join(folder, 'data'));
  return {
    ledger,
    async [Symbol.asyncDispose]() {
      await ledger[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
});
