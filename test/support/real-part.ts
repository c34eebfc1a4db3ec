import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Whether a test can have a real part of the system. Where it is missing the test is skipped and says why; under
 * REQUIRE_REAL_PARTS=1 a missing part is a failure.
 */
export function haveRealPart(what: string, programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !isOnPath(program));
  if (missing.length === 0) return true;
  return lackRealPart(`${what} is not on this machine (${missing.join(', ')} missing)`);
}

/** Says why the test is skipped; throws under REQUIRE_REAL_PARTS=1. */
export function lackRealPart(reason: string): false {
  if (process.env.REQUIRE_REAL_PARTS === '1') throw new Error(`${reason}, and REQUIRE_REAL_PARTS is set`);
  console.warn(`skipped: ${reason}`);
  return false;
}

function isOnPath(program: string): boolean {
  const folders = program.startsWith('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
