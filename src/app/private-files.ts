import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, systemCodeOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type Exposure, exposureOf, makePrivate } from '../base/private-path.ts';
import type { Config } from '../config/config.ts';

type Places = Pick<Config, 'dataDir' | 'credentialDir'>;

/** What of this program's files other users may change or read, be it by a careless umask or an older copy. */
export function exposedFiles({
  dataDir,
  credentialDir,
}: Places): { exposure: Exposure; others: 'write' | 'any' }[] {
  const orgs = join(dataDir, 'orgs');
  const places: [string, 'write' | 'any'][] = [
    [dataDir, 'write'],
    [orgs, 'any'],
    [credentialDir, 'write'],
    [join(credentialDir, 'credentials.enc'), 'any'],
    [join(dataDir, 'registry.db'), 'any'],
    ...databasesIn(orgs).map((path): [string, 'any'] => [path, 'any']),
  ];
  return places.flatMap(([path, others]) => {
    const exposure = exposureOf(path, others);
    return exposure === null ? [] : [{ exposure, others }];
  });
}

/** Mends what is ours, loudly, and refuses what is not. Throws AppError `FILES_EXPOSED`. */
export function keepFilesPrivate(places: Places, log: Logger): void {
  for (const { exposure, others } of exposedFiles(places)) {
    if (!exposure.isOurs) throw exposed(exposure);
    try {
      makePrivate(exposure, others);
    } catch (error) {
      if (systemCodeOf(error) !== 'EROFS') throw exposed(exposure, error);
      continue;
    }
    log.warn(`${exposure.what}; that right was taken away. What they did with it before is not known.`);
  }
}

function exposed({ path, what, mend }: Exposure, cause?: unknown): AppError {
  return new AppError('FILES_EXPOSED', `${what}, and it belongs to somebody else.`, {
    hint: `Name another folder with --data-dir, or have its owner mend it. ${mend}`,
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
