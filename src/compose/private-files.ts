import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSealedFile } from '../auth/is-sealed-file.ts';
import { AppError, systemCodeOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type Exposure, exposureOf, makePrivate } from '../base/private-path.ts';
import type { Config } from '../config/config.ts';
import { isRegistryFile } from '../orgs/is-registry-file.ts';
import { isCallLedgerFile } from '../store/sqlite/calls/is-call-ledger-file.ts';
import { callLedgerFileName } from '../store/sqlite/calls/sqlite-call-ledger.ts';
import { isMirrorFile } from '../store/sqlite/is-mirror-file.ts';

type Places = Pick<Config, 'dataDir' | 'credentialDir'>;
type Others = 'write' | 'any';
type Exposed = Exposure & { isShared: boolean };

const sticky = 0o1000;

/**
 * What of this program's files other users may change or read, be it by a careless umask or an older copy. Modes of
 * what it has not made are none of its business: somebody may have named a folder that was there before.
 */
export function exposedFiles({ dataDir, credentialDir }: Places): { exposure: Exposed; others: Others }[] {
  const orgs = join(dataDir, 'orgs');
  const credentials = join(credentialDir, 'credentials.enc');
  const registry = join(dataDir, 'registry.db');
  const calls = join(dataDir, callLedgerFileName);
  return [
    ...exposedFolder(dataDir, 'write', () => isOwnFolder(dataDir)),
    ...exposedFolder(credentialDir, 'write', () => isOwnFolder(credentialDir)),
    ...exposedFolder(orgs, 'any', () => isOwnFolder(dataDir) && holdsMirrorsOnly(orgs)),
    ...exposedFile(credentials, () => isSealedFile(credentials)),
    ...exposedFile(registry, () => isRegistryFile(registry)),
    ...exposedFile(calls, () => isCallLedgerFile(calls)),
    ...namesIn(orgs)
      .filter((name) => mirrorName.test(name))
      .flatMap((name) => exposedFile(join(orgs, name), () => isMirrorPart(orgs, name))),
  ];
}

function exposedFile(path: string, isOwn: () => boolean): { exposure: Exposed; others: Others }[] {
  const exposure = exposureOf(path, 'any');
  if (exposure === null || (exposure.isOurs && !isOwn())) return [];
  return [{ exposure: { ...exposure, isShared: false }, others: 'any' }];
}

/** A folder that is for other things too must not let others change what lies in it, and may let them look into it. */
function exposedFolder(
  path: string,
  others: Others,
  isOwn: () => boolean,
): { exposure: Exposed; others: Others }[] {
  const exposure = exposureOf(path, others);
  // A file or device that was named by mistake, /dev/null for one: whoever is to make the folder refuses it.
  if (exposure === null || !statSync(path).isDirectory()) return [];
  if (!exposure.isOurs || isOwn()) return [{ exposure: { ...exposure, isShared: false }, others }];
  const writeable = others === 'write' ? exposure : exposureOf(path, 'write');
  if (writeable === null) return [];
  const what = `${writeable.what}, and it is for other things than parahack-sync's too`;
  const mend = `Name a folder of its own, such as ${join(path, 'parahack-sync')}.`;
  return [{ exposure: { ...writeable, what, mend, isOurs: false, isShared: true }, others: 'write' }];
}

/** What this program makes in the data folder and in that of the credentials, and what systems put everywhere. */
const ownNames =
  /^(?:(?:registry|usage)\.db(?:\.new|\.damaged-[\dTZ-]+)?(?:-wal|-shm|-journal)?|usage\.lock|orgs|locks|logs|credentials|credentials\.enc(?:\.new)?|lost\+found|\.DS_Store)$/;

/** Not one that the user has named by mistake, such as /tmp or a home, where others' rights are not ours to take. */
function isOwnFolder(path: string): boolean {
  return (statSync(path).mode & sticky) === 0 && namesIn(path).every((name) => ownNames.test(name));
}

/** Mirrors, copies under way and archives, with what SQLite keeps beside them. */
const mirrorName = /\.db(?:\.fresh|\.new)?(?:-wal|-shm|-journal)?$/;

function holdsMirrorsOnly(orgs: string): boolean {
  return namesIn(orgs).every(
    (name) =>
      name === '.spool' || name === '.DS_Store' || (mirrorName.test(name) && isMirrorPart(orgs, name)),
  );
}

function isMirrorPart(orgs: string, name: string): boolean {
  return isMirrorFile(join(orgs, name.replace(/-(?:wal|shm|journal)$/, '')));
}

/** None where the folder is not there, or may not be read. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
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
