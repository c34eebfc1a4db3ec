import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, systemCodeOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type Exposure, exposureOf, makePrivate } from '../base/private-path.ts';
import type { Config } from '../config/config.ts';

type Places = Pick<Config, 'dataDir' | 'credentialDir'>;
type Others = 'write' | 'any';
type Exposed = Exposure & { isShared: boolean };

const sticky = 0o1000;

/** What of this program's files other users may change or read, be it by a careless umask or an older copy. */
export function exposedFiles({ dataDir, credentialDir }: Places): { exposure: Exposed; others: Others }[] {
  const orgs = join(dataDir, 'orgs');
  const folders: [string, string[]][] = [
    [dataDir, ['registry.db', 'orgs']],
    [credentialDir, ['credentials.enc', 'locks']],
  ];
  const files = [
    orgs,
    join(credentialDir, 'credentials.enc'),
    join(dataDir, 'registry.db'),
    ...databasesIn(orgs),
  ];
  return [
    ...folders.flatMap(([path, ours]) => exposed(path, 'write', () => isSharedFolder(path, ours))),
    ...files.flatMap((path) => exposed(path, 'any', () => false)),
  ];
}

function exposed(
  path: string,
  others: Others,
  isShared: () => boolean,
): { exposure: Exposed; others: Others }[] {
  const exposure = exposureOf(path, others);
  if (exposure === null) return [];
  if (!exposure.isOurs || !isShared()) return [{ exposure: { ...exposure, isShared: false }, others }];
  const what = `${exposure.what}, and it is for other things than parahack-sync's too`;
  const mend = `Name a folder of its own, such as ${join(path, 'parahack-sync')}.`;
  return [{ exposure: { ...exposure, what, mend, isOurs: false, isShared: true }, others }];
}

/**
 * A folder that the user has named by mistake, such as /tmp: others work in it, and their rights are not ours to take.
 * One that holds what this program made, or nothing, was made for it.
 */
function isSharedFolder(path: string, ours: readonly string[]): boolean {
  if ((statSync(path).mode & sticky) !== 0) return true;
  const names = readdirSync(path).filter((name) => name !== 'lost+found');
  return names.length > 0 && !ours.some((name) => names.includes(name));
}

/** Mends what is ours, loudly, and refuses what is not. Throws AppError `FILES_EXPOSED`. */
export function keepFilesPrivate(places: Places, log: Logger): void {
  for (const { exposure, others } of exposedFiles(places)) {
    if (!exposure.isOurs) throw filesExposed(exposure);
    try {
      makePrivate(exposure, others);
    } catch (error) {
      if (systemCodeOf(error) !== 'EROFS') throw filesExposed(exposure, error);
      continue;
    }
    log.warn(`${exposure.what}; that right was taken away. What they did with it before is not known.`);
  }
}

function filesExposed({ path, what, mend, isShared }: Exposed, cause?: unknown): AppError {
  return new AppError('FILES_EXPOSED', isShared ? `${what}.` : `${what}, and it belongs to somebody else.`, {
    hint: isShared ? mend : `Name another folder with --data-dir, or have its owner mend it. ${mend}`,
    details: { path },
    cause,
  });
}

function databasesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.db'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
