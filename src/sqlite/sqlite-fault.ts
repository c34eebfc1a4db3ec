import { systemCodeOf } from '../base/errors.ts';
import { meansNoRoom } from '../base/means-no-room.ts';

/**
 * What an error of SQLite or of the file system beneath it says. `disk`: it refuses to be read or written, as with a
 * quota that is used up. `other`: SQLite's, and none of these.
 */
export type SqliteFault = 'no-room' | 'damaged' | 'busy' | 'unwritable' | 'disk' | 'other';

const unwritable: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

/** Null where the error is neither's; the room at whose door it came up has the words. */
export function sqliteFaultOf(error: unknown): SqliteFault | null {
  const code = systemCodeOf(error) ?? '';
  if (meansNoRoom(code)) return 'no-room';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'damaged';
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED') return 'busy';
  if (/^SQLITE_(CANTOPEN|READONLY)/.test(code) || unwritable.has(code)) return 'unwritable';
  if (code.startsWith('SQLITE_IOERR')) return 'disk';
  return code.startsWith('SQLITE_') ? 'other' : null;
}

/** Whether a value that must be unique is there already. */
export function isDoubled(error: unknown): boolean {
  return systemCodeOf(error) === 'SQLITE_CONSTRAINT_UNIQUE';
}
