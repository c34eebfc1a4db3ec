import { AppError } from '../base/errors.ts';
import { orgsMeant } from '../org/orgs-meant.ts';
import type { OrgRecord } from './org-record.ts';

/**
 * The org that `text` names: alias, instance URL, bare host or username, in this order. Throws AppError
 * `UNKNOWN_ORG`, or `INVALID_INPUT` where it fits several; `details.known` lists what there is.
 */
export function resolveOrg(orgs: readonly OrgRecord[], text: string): OrgRecord {
  const found = orgsMeant(text, orgs);
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) {
    throw new AppError('INVALID_INPUT', `"${text}" fits ${found.length} connected orgs.`, {
      hint: `Name one of them: ${listed(found)}.`,
      details: { known: found.map(knownAs) },
    });
  }
  throw new AppError('UNKNOWN_ORG', `No connected org is called "${text}".`, {
    hint:
      orgs.length === 0
        ? 'Connect one with: parahack-sync login --client-id ID'
        : `Connected: ${listed(orgs)}.`,
    details: { known: orgs.map(knownAs) },
  });
}

function knownAs({ instanceUrl, alias, username }: OrgRecord) {
  return { instanceUrl, alias, username };
}

function listed(orgs: readonly OrgRecord[]): string {
  return orgs.map(({ alias, instanceUrl }) => alias ?? instanceUrl).join(', ');
}
