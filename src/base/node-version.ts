import { AppError } from './errors.ts';

/** bin/parahack-sync.js has it as well, because nothing may load before that one has looked. */
const oldest = [22, 19] as const;

/**
 * Under an old Node.js, better-sqlite3 ends the process by a segmentation fault, which no program sees coming. Throws
 * AppError `NOT_AVAILABLE`.
 */
export function assertNodeVersion(running: string = process.versions.node): void {
  const [major = 0, minor = 0] = running.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new AppError(
    'NOT_AVAILABLE',
    `parahack-sync needs Node.js ${oldest.join('.')} or newer and was started by ${running}.`,
    { hint: `Start the program by a newer Node.js; this one is ${process.execPath}.` },
  );
}
