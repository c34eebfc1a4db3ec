import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.ts';
import { errorCodeOf } from '../base/error-codes.ts';
import { AppError } from '../base/errors.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { oneOrg } from './chosen-orgs.ts';
import { startingWith, unknownEntry } from './named-entries.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

interface KeyParts {
  readonly mirrors: Pick<Mirrors, 'exists' | 'open'>;
}

/** Orgs that have what a key, or its beginning, may mean. */
interface Found {
  readonly orgs: OrgRecord[];
  /** The whole key was given, which no other org has too. */
  isWhole: boolean;
}

interface Unread {
  readonly instanceUrl: string;
  readonly error: unknown;
}

/** The org of a command that names entries by their keys, or their beginnings: the named org, else the one that has them. */
export async function orgOfEntries(
  parts: OrgDirectory & KeyParts,
  { org, keys }: { org: string | null; keys: readonly string[] },
  signal: AbortSignal,
): Promise<OrgRecord> {
  if (org !== null || keys.length === 0 || (await parts.processOrg()) !== null) return oneOrg(parts, org);
  const known = await parts.registry.list();
  return known.length > 1 ? await orgHaving(parts, known, keys, signal) : oneOrg(parts, org);
}

/**
 * The one of these orgs that has all of the entries. Throws AppError `UNKNOWN_ENTRY` for what none has, or several may
 * mean, `AMBIGUOUS_ORG` where they are of several orgs. A mirror that cannot be read keeps nobody from an entry whose whole
 * key another one has; else what keeps it from being read is thrown.
 */
export async function orgHaving(
  parts: KeyParts,
  orgs: readonly OrgRecord[],
  keys: readonly string[],
  signal: AbortSignal,
): Promise<OrgRecord> {
  const having = new Map(keys.map((key): [string, Found] => [key, { orgs: [], isWhole: false }]));
  const unread: Unread[] = [];
  for (const org of orgs) {
    await nextTurn();
    throwIfAborted(signal);
    try {
      await lookIn(parts, org, having);
    } catch (error) {
      throwIfAborted(signal);
      unread.push({ instanceUrl: org.instanceUrl, error });
    }
  }
  const owned = Map.groupBy(having, ([key, found]) => ownerOf(key, found, unread[0]));
  const [owner, ...others] = owned.keys();
  if (owner !== undefined && others.length === 0) return owner;
  throw ofSeveralOrgs([...owned].map(([org, entries]) => [org, entries.map(([key]) => key)]));
}

async function lookIn(
  { mirrors }: KeyParts,
  org: OrgRecord,
  having: ReadonlyMap<string, Found>,
): Promise<void> {
  if (!(await mirrors.exists(org.instanceUrl))) return;
  await using mirror = await mirrors.open(org.instanceUrl, { create: false });
  for (const [key, found] of having) {
    if (found.isWhole) continue;
    const entries = await startingWith(mirror, key);
    if (entries.length > 0) found.orgs.push(org);
    found.isWhole = entries.some((entry) => entry.key === key);
  }
}

function ownerOf(key: string, { orgs, isWhole }: Found, unread: Unread | undefined): OrgRecord {
  const [owner, ...others] = orgs;
  if (others.length > 0) {
    const urls = orgs.map(({ instanceUrl }) => instanceUrl);
    throw new AppError(
      'UNKNOWN_ENTRY',
      `${key === '' ? 'An empty key' : key} means entries of several orgs: ${urls.join(', ')}.`,
      {
        hint: moreOfTheKey,
        details: { orgs: urls },
      },
    );
  }
  if (owner !== undefined && (isWhole || unread === undefined)) return owner;
  if (unread === undefined) throw unknownEntry(`There is no entry ${key}.`);
  const { code, message, hint } = errorInfoOf(unread.error);
  const what =
    owner === undefined
      ? `There is no entry ${key} in the mirrors that can be read`
      : `${key} may mean an entry of another org than ${owner.instanceUrl} too`;
  throw new AppError(errorCodeOf(code), `${what}; that of ${unread.instanceUrl} cannot be read: ${message}`, {
    hint: owner === undefined ? (hint ?? undefined) : moreOfTheKey,
    cause: unread.error,
  });
}

const moreOfTheKey = 'Give the whole key, or name the org with --org.';

function ofSeveralOrgs(owned: readonly (readonly [OrgRecord, readonly string[]])[]): AppError {
  const whose = owned.map(([{ instanceUrl }, keys]) => `${keys.join(', ')} of ${instanceUrl}`);
  return new AppError('AMBIGUOUS_ORG', `The entries are of several orgs: ${whose.join('; ')}.`, {
    hint: 'Nothing was changed. Name those of one org in one call.',
    details: { orgs: owned.map(([{ instanceUrl }, keys]) => ({ instanceUrl, keys })) },
  });
}
