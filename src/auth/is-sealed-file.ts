import { fileHead } from '../base/file-head.ts';

/** Whether this program has made the file, by what it holds. */
export function isSealedFile(path: string): boolean {
  const head = fileHead(path, 512);
  return head !== null && (head.length === 0 || head.includes('parahack-sync-credentials'));
}
