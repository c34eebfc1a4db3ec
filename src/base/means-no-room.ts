/**
 * Codes of the system and of SQLite that say a file cannot grow: a full disk, a quota, a limit on file sizes
 * (`ulimit -f`). A -shm file that cannot be made or grow is SQLite's word for a full disk too.
 */
const codes = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'SQLITE_FULL',
  'SQLITE_IOERR_SHMSIZE',
  'SQLITE_IOERR_SHMOPEN',
]);

export function meansNoRoom(code: string | null | undefined): boolean {
  return codes.has(code ?? '');
}
