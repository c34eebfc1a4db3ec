import { AppError } from '../../base/errors.ts';
import type { OrgRecord } from '../org-record.ts';

/** Aliases hold no dots, colons or at-signs, so that none can be taken for a host, a URL or a username. */
const aliasForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** Throws AppError `INVALID_INPUT` for what cannot be an alias. */
export function checkAlias(alias: string): string {
  if (aliasForm.test(alias)) return alias;
  throw new AppError('INVALID_INPUT', `"${alias}" cannot be an alias.`, {
    hint: 'Use letters, digits, "-" and "_", at most 63 of them, beginning with a letter or digit.',
  });
}

/** Throws AppError `INVALID_INPUT` where another org than the one at `instanceUrl` has the alias. */
export function checkAliasFree(alias: string, orgs: readonly OrgRecord[], instanceUrl: string): void {
  const holder = orgs.find((org) => org.alias?.toLowerCase() === alias.toLowerCase());
  if (holder !== undefined && holder.instanceUrl !== instanceUrl) throw aliasTaken(alias);
}

export function aliasTaken(alias: string, cause?: unknown): AppError {
  return new AppError('INVALID_INPUT', `The alias "${alias}" belongs to another connected org.`, {
    hint: 'Choose another, or give that org a new one with: parahack-sync orgs alias ORG NAME',
    cause,
  });
}
