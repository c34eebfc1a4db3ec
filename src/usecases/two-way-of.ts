import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import type { MirrorTwoWay, TwoWay } from '../sync/ports/two-way.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/**
 * Whether programs write to an org's mirror, and what becomes of conflicts: the mirror decides, for it is what refuses
 * and sends. What the list of orgs says of it is for a mirror that is yet to be made.
 */
type Known = Pick<OrgRecord, 'instanceUrl' | 'twoWay' | 'conflicts'>;

interface AgreeParts extends Pick<OrgDirectory, 'hasProcessOrg'> {
  readonly registry: Pick<Registry, 'get' | 'update'>;
  readonly mirrors: Pick<Mirrors, 'twoWay'>;
  readonly log: Logger;
}

/** As the list of orgs says. */
export function listedTwoWay({ twoWay, conflicts }: Known): TwoWay {
  return { on: twoWay, conflicts };
}

/** As it is now; what was set last where the mirror cannot be read, which `onUnreadable` is told. Never throws. */
export async function presentTwoWay(
  { mirrors }: { readonly mirrors: Pick<Mirrors, 'twoWay'> },
  org: Known,
  onUnreadable: (error: unknown) => void = () => {},
): Promise<TwoWay> {
  try {
    return (await mirrors.twoWay(org.instanceUrl)) ?? listedTwoWay(org);
  } catch (error) {
    onUnreadable(error);
    return listedTwoWay(org);
  }
}

/** The record of an org whose mirror is taken up as it is; says so where the record said otherwise. */
export async function withTwoWayOfMirror<Org extends Known>(
  { mirrors, log }: { readonly mirrors: Pick<Mirrors, 'twoWay'>; readonly log: Logger },
  org: Org,
): Promise<Org> {
  const { instanceUrl } = org;
  let told: MirrorTwoWay | null = null;
  try {
    told = await mirrors.twoWay(instanceUrl);
  } catch (error) {
    // Whoever works with the mirror is told what is wrong with it.
    log.warn(
      `the mirror of ${instanceUrl} cannot be read, so it is not known whether programs may write to it: ${messageOf(error)}`,
    );
  }
  if (told === null || !told.isSet || isSame(told, listedTwoWay(org))) return org;
  log.warn(
    `the mirror of ${instanceUrl} is taken up as it is: two-way is ${stateOf(told)}, conflicts ${told.conflicts}`,
  );
  return { ...org, twoWay: told.on, conflicts: told.conflicts };
}

/**
 * A mirror that nobody has told takes what was set for its org; what another one was told becomes what the list says.
 * Either is said. `isNew`: nobody can have seen yet what the mirror does.
 */
export async function agreeOnTwoWay(
  parts: AgreeParts,
  mirror: Pick<StoredMirror, 'setTwoWay'>,
  org: Known,
  { isNew }: { isNew: boolean },
): Promise<void> {
  const { instanceUrl } = org;
  const told = await parts.mirrors.twoWay(instanceUrl);
  if (told === null || (told.isSet && isSame(told, listedTwoWay(org)))) return;
  // `orgs set` may have been there since the record was read.
  const listed = parts.hasProcessOrg ? org : await listedNow(parts, org);
  if (!told.isSet) return tellMirror(parts, mirror, listed, { isNew });
  // What is given to this process alone is kept nowhere.
  if (parts.hasProcessOrg) return;
  const { twoWay, conflicts } = await withTwoWayOfMirror(parts, listed);
  if (isSame({ on: twoWay, conflicts }, listedTwoWay(listed))) return;
  try {
    await parts.registry.update(instanceUrl, { twoWay, conflicts });
  } catch (error) {
    parts.log.debug('the list of orgs does not say what the mirror does', { reason: messageOf(error) });
  }
}

/** Tells a mirror that knows nothing of it what was set for its org. */
export async function tellMirror(
  { log }: { readonly log: Logger },
  mirror: Pick<StoredMirror, 'setTwoWay'>,
  org: Known,
  { isNew }: { isNew: boolean },
): Promise<void> {
  const listed = listedTwoWay(org);
  if (isSame(listed, usual)) return;
  await mirror.setTwoWay(listed);
  log[isNew ? 'info' : 'warn'](
    `the mirror of ${org.instanceUrl} did not know yet what was set: two-way ${stateOf(listed)}, conflicts ${listed.conflicts}`,
  );
}

/** What a mirror does that nobody has told. */
const usual: TwoWay = { on: false, conflicts: 'salesforce-wins' };

/** A list of orgs that cannot be read, or has lost the org, says nothing new of it. */
async function listedNow({ registry }: AgreeParts, org: Known): Promise<Known> {
  return (await registry.get(org.instanceUrl).catch(() => null)) ?? org;
}

function isSame(one: TwoWay, other: TwoWay): boolean {
  return one.on === other.on && one.conflicts === other.conflicts;
}

function stateOf({ on }: TwoWay): 'on' | 'off' {
  return on ? 'on' : 'off';
}
