import { fileHead, isBegun } from '../../../base/file-head.ts';
import { applicationId } from './call-ledger-schema.ts';

/** Where SQLite keeps the application's id in a database file, https://www.sqlite.org/fileformat2.html. */
const applicationIdAt = 68;

/** Whether this program has made the file, by what it holds. Opens no database. */
export function isCallLedgerFile(path: string): boolean {
  const head = fileHead(path, 112);
  if (head === null) return false;
  return isBegun(head) || (head.length === 112 && head.readUInt32BE(applicationIdAt) === applicationId);
}
