import { fileHead, isBegun } from '../base/file-head.ts';

/** SQLite keeps the text of the table in the first page. */
const pageBytes = 4_096;

/** Whether this program has made the file, by what it holds. Opens no database. */
export function isRegistryFile(path: string): boolean {
  const head = fileHead(path, pageBytes);
  return head !== null && (isBegun(head) || head.includes('instance_url text primary key'));
}
