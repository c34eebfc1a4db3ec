import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteCallLedger } from '../../../src/store/sqlite/calls/sqlite-call-ledger.ts';

/**
 * Reserves calls in a file of its own that lost its right to be written, and looks into one that is damaged where nothing
 * may be written; prints what came of it.
 */
const [folder = ''] = process.argv.slice(2);
const path = join(folder, 'usage.db');
const wanted = { slot: 10, span: { from: 0, to: 20 }, calls: 3, limit: 100 };
const warnings: string[] = [];
await using first = new SqliteCallLedger(folder);
await first.reserve('00D000000000001', wanted);
await first[Symbol.asyncDispose]();
chmodSync(path, 0o400);
await using ledger = new SqliteCallLedger(folder, { warn: (message) => void warnings.push(message) });
await ledger.reserve('00D000000000001', wanted);
const noted = await ledger.callsOf('00D000000000001', wanted.span);
const mode = statSync(path).mode & 0o777;
await ledger[Symbol.asyncDispose]();
writeFileSync(path, 'no');
chmodSync(folder, 0o500);
const unread = await ledger.callsOf('00D000000000001', wanted.span);
const refused = await ledger.reserve('00D000000000001', wanted).catch(({ code }: { code: string }) => code);
chmodSync(folder, 0o700);
process.stdout.write(JSON.stringify({ mode, noted, warnings, unread, refused }));
