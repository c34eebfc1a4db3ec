import { AppError } from '../base/errors.ts';
import { hostKeyOf, normaliseInstanceUrl } from '../org/instance-url.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { eachOrgOnce, firstOfSameOrg } from '../orgs/rules/connected-once.ts';
import { noOrg, type WarnParts, warnOfLeftMirrors } from './no-org.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** The orgs a command works on, as the command line's contract lays down. */

/** The one org of a command that takes one: the named one, else the only connected one. */
export async function oneOrg(parts: OrgDirectory, name: string | null): Promise<OrgRecord> {
  const only = await parts.processOrg();
  if (only !== null && (name === null || namesProcessOrg(only, name))) return only;
  if (name !== null) return parts.registry.resolve(name);
  const known = await parts.registry.list();
  if (known.length > 1) {
    throw new AppError('AMBIGUOUS_ORG', 'Several orgs are connected: say which one is meant.', {
      hint: `Name one of ${known.map(nameOf).join(', ')} by --org (with \`logout\` as it is).`,
      details: { known: known.map(({ instanceUrl, alias, username }) => ({ instanceUrl, alias, username })) },
    });
  }
  if (known[0] === undefined) throw await noOrg(parts);
  return known[0];
}

/**
 * The orgs of `backfill` and `watch`: the named ones, else all with sync on, with `all` those with sync off too. An
 * org whose sync is off is never taken unasked, be it the only one.
 */
export async function syncOrgs(
  parts: OrgDirectory,
  names: readonly string[],
  { all = false }: { all?: boolean } = {},
): Promise<OrgRecord[]> {
  const only = await parts.processOrg();
  if (names.length > 0) {
    const chosen: OrgRecord[] = [];
    for (const name of names)
      chosen.push(only !== null && namesProcessOrg(only, name) ? only : await parts.registry.resolve(name));
    for (const org of chosen) await refuseDouble(parts, org);
    return [...new Map(chosen.map((org) => [org.instanceUrl, org])).values()];
  }
  const known = only === null ? eachOrgOnce(await parts.registry.list()) : [only];
  if (known.length === 0) throw await noOrg(parts);
  const wanted = all ? known : known.filter(({ sync }) => sync);
  if (wanted.length > 0) return wanted;
  const [first] = known;
  const what =
    known.length === 1 && first !== undefined
      ? `Sync is off for ${nameOf(first)}, the only ${only === null ? 'connected ' : ''}org.`
      : 'None of the connected orgs has sync on.';
  throw new AppError('NO_ORGS', what, {
    hint: `Turn it on with \`parahack-sync orgs enable ${known.length === 1 && first !== undefined ? nameOf(first) : 'ORG'}\`, or name an org.`,
    details: { known: known.map(({ instanceUrl, alias, username }) => ({ instanceUrl, alias, username })) },
  });
}

/** Version 0.1.0 could connect an org under two addresses; only the first of them is synced. */
async function refuseDouble({ registry }: OrgDirectory, org: OrgRecord): Promise<void> {
  const first = firstOfSameOrg(await registry.list(), org);
  if (first.instanceUrl === org.instanceUrl) return;
  throw new AppError(
    'ORG_CONNECTED',
    `${org.instanceUrl} is the org that is connected as ${first.instanceUrl}.`,
    {
      hint: `An org is synced once. Run: parahack-sync logout ${org.instanceUrl} --delete-data`,
      details: { instanceUrl: org.instanceUrl, connectedAs: first.instanceUrl },
    },
  );
}

/** The orgs of commands that only tell: the named one, else all. */
export async function namedOrAllOrgs(parts: OrgDirectory, name: string | null): Promise<OrgRecord[]> {
  if (name !== null) return [await oneOrg(parts, name)];
  const only = await parts.processOrg();
  return only === null ? parts.registry.list() : [only];
}

/** The same for commands that list or find something of them: where there is none, what is not seen is told of. */
export async function listedOrgs(parts: OrgDirectory & WarnParts, name: string | null): Promise<OrgRecord[]> {
  const orgs = await namedOrAllOrgs(parts, name);
  if (orgs.length === 0) await warnOfLeftMirrors(parts);
  return orgs;
}

function nameOf({ alias, instanceUrl }: OrgRecord): string {
  return alias ?? new URL(instanceUrl).host;
}

/** Whether `name` is what the org of the environment is called. */
export function namesProcessOrg({ instanceUrl }: OrgRecord, name: string): boolean {
  if (name === hostKeyOf(instanceUrl) || name === new URL(instanceUrl).host) return true;
  try {
    return normaliseInstanceUrl(name) === instanceUrl;
  } catch {
    return false;
  }
}
