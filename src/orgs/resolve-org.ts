import { AppError } from '../base/errors.ts';
import type { OrgRecord } from './org-record.ts';

/**
 * The org that `text` names: alias, instance URL, bare host or username, in this order. Throws AppError
 * `UNKNOWN_ORG`, or `INVALID_INPUT` where it fits several; `details.known` lists what there is.
 */
export function resolveOrg(orgs: readonly OrgRecord[], text: string): OrgRecord {
  const wanted = text.trim().toLowerCase();
  const host = hostOf(wanted);
  const ways: ((org: OrgRecord) => boolean)[] = [
    ({ alias }) => alias?.toLowerCase() === wanted,
    ({ instanceUrl, apiUrl }) =>
      host !== null && [instanceUrl, apiUrl].some((url) => new URL(url).host === host),
    ({ instanceUrl, apiUrl }) =>
      host !== null && [instanceUrl, apiUrl].some((url) => new URL(url).hostname === host),
    ({ username }) => username.toLowerCase() === wanted,
  ];
  for (const fits of ways) {
    const found = orgs.filter(fits);
    if (found.length === 1 && found[0]) return found[0];
    if (found.length > 1) {
      throw new AppError('INVALID_INPUT', `"${text}" fits ${found.length} connected orgs.`, {
        hint: `Name one of them: ${listed(found)}.`,
        details: { known: found.map(knownAs) },
      });
    }
  }
  throw new AppError('UNKNOWN_ORG', `No connected org is called "${text}".`, {
    hint: orgs.length === 0 ? 'Connect one with: parahack-sync login' : `Connected: ${listed(orgs)}.`,
    details: { known: orgs.map(knownAs) },
  });
}

function hostOf(text: string): string | null {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  return url === null || url.username !== '' ? null : url.host;
}

function knownAs({ instanceUrl, alias, username }: OrgRecord) {
  return { instanceUrl, alias, username };
}

function listed(orgs: readonly OrgRecord[]): string {
  return orgs.map(({ alias, instanceUrl }) => alias ?? instanceUrl).join(', ');
}
