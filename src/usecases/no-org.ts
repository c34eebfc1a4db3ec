import { AppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** For a command that needs an org where none is connected. */
export async function noOrg(parts: Pick<OrgDirectory, 'leftMirrors'>): Promise<AppError> {
  return new AppError('LOGIN_REQUIRED', 'No org is connected yet.', { hint: await howToConnect(parts) });
}

/** The list of orgs is empty; it may have been lost. */
export async function howToConnect(parts: Pick<OrgDirectory, 'leftMirrors'>): Promise<string> {
  const folder = await parts.leftMirrors();
  const first = 'Run `parahack-sync login --client-id ID` first.';
  return folder === null ? first : `${first} ${whatOf(folder)}`;
}

export type WarnParts = Pick<OrgDirectory, 'leftMirrors'> & { readonly log: Pick<Logger, 'warn'> };

/** For a command that lists what there is, and has nothing to list. */
export async function warnOfLeftMirrors(parts: WarnParts): Promise<void> {
  const folder = await parts.leftMirrors();
  if (folder !== null) parts.log.warn(whatOf(folder));
}

function whatOf(folder: string): string {
  return `Mirrors of orgs that are not connected lie in ${folder}: where registry.db in the folder above was lost or emptied, put it back, or log in to each org again, which goes on with its mirror.`;
}
