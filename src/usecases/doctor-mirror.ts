import { type AppError, isAppError, messageOf } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import type { DoctorFinding } from '../contract/doctor.ts';
import { damagedMirrorSteps } from '../org/damaged-mirror-steps.ts';
import { contact } from '../org/synced-object.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { futureCursorOf } from '../sync/future-cursor.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { StoredMirror } from '../sync/ports/stored-mirror.ts';
import { assertSameUser, budgetOf, type ConnectParts, settleCalls } from './connect-org.ts';
import type { OrgAccess } from './ports/org-access.ts';

export interface DoctorMirrorParts
  extends OrgAccess,
    Pick<ConnectParts, 'calls' | 'clock' | 'config' | 'log'> {
  readonly mirrors: Pick<Mirrors, 'exists' | 'open'>;
}

/** A mirror that was current so lately has nothing more to come that would explain a difference. */
const currentMs = 120_000;

/**
 * Whether a mirror is sound, is this org's, is at no time that the org has not reached, and holds as many contacts as
 * the org counts; what to do where not. `orgTime`: as the org told it just now, ms since 1970.
 */
export async function checkMirror(
  parts: DoctorMirrorParts,
  org: OrgRecord,
  { name, orgTime, signal }: { name: string; orgTime: number; signal: AbortSignal },
): Promise<DoctorFinding | string> {
  const { mirrors } = parts;
  if (!(await mirrors.exists(org.instanceUrl))) {
    return { name, status: 'warn', message: 'there is no mirror yet', hint: 'Run `parahack-sync backfill`.' };
  }
  await using mirror = await mirrors.open(org.instanceUrl, { create: false });
  const faults = await mirror.checkIntegrity();
  if (faults.length > 0) {
    return {
      name,
      status: 'fail',
      message: `${mirror.location} is damaged: ${faults[0]}`,
      hint: damagedMirrorSteps(org.instanceUrl),
    };
  }
  const future = await futureCursorOf(mirror, orgTime);
  if (future !== null) return { name, status: 'fail', message: future.message, hint: future.hint ?? null };
  const compared = await compare(parts, org, { mirror, name, signal });
  if (typeof compared !== 'string' && compared.status === 'fail') return compared;
  // They may be all that the org counts less.
  const stray = await mirror.contacts.strayIds(contact.keyPrefix);
  return stray.length > 0 ? writtenByOthers(name, stray) : compared;
}

function writtenByOthers(name: string, ids: readonly string[]): DoctorFinding {
  const [rows, have] = ids.length === 1 ? ['1 row', 'has'] : [`${ids.length} rows`, 'have'];
  return {
    name,
    status: 'warn',
    message: `${rows} of its table contact ${have} an Id that is no contact's (${JSON.stringify(ids[0])}): another program has written to the table`,
    hint: 'Run `parahack-sync reconcile`, which removes them. Programs write to the view `contacts` alone, and only with two-way on.',
  };
}

async function compare(
  parts: DoctorMirrorParts,
  org: OrgRecord,
  { mirror, name, signal }: { mirror: StoredMirror; name: string; signal: AbortSignal },
): Promise<DoctorFinding | string> {
  const { contacts } = await mirror.contacts.counts();
  const held = contacts.toLocaleString('en-US');
  const { updated, deleted } = await mirror.journal.cursors();
  if (updated === null || deleted === null) {
    return {
      name,
      status: 'warn',
      message: `${held} contacts, sound, but its first copy is not complete`,
      hint: 'Run `parahack-sync backfill`; it goes on where it was.',
    };
  }
  const outdated = (await mirror.schema.fields()).filter(({ vanished }) => vanished).length;
  const andFields =
    outdated === 0
      ? ''
      : `; ${outdated} of its fields left out by --fields, or no longer readable in the org`;
  const inOrg = await countInOrg(parts, org, mirror, signal);
  if (inOrg === null)
    return `${held} contacts, sound; the org could not be asked how many it has${andFields}`;
  // Why there is no login, the check of that says.
  if ('failed' in inOrg)
    return `${held} contacts, sound; the org could not be asked how many it has: ${messageOf(inOrg.failed)}${andFields}`;
  if ('refused' in inOrg) {
    return {
      name,
      status: 'warn',
      message: `${held} contacts, sound${andFields}; the org was not asked how many it has: ${inOrg.refused.message}`,
      hint: inOrg.refused.hint ?? null,
    };
  }
  if (inOrg.contacts === contacts) return `${held} contacts, as many as the org, sound${andFields}`;
  const covered = Math.min(updated, deleted);
  const isCurrent = inOrg.now - covered <= currentMs;
  return {
    name,
    status: 'warn',
    message: `sound, but the org counts ${inOrg.contacts.toLocaleString('en-US')} contacts and the mirror ${held}`,
    hint: isCurrent
      ? 'The mirror is current, so no cycle will close that: `parahack-sync reconcile` compares all contacts, as a watch does once a week.'
      : `Run \`parahack-sync watch --once\`, which brings what has changed since ${new Date(covered).toISOString()}, then doctor again; where it stays, \`parahack-sync reconcile\` compares all contacts.`,
  };
}

/**
 * Null where the org does not answer: the checks of login and network say why. `refused`: this tool's share of the org's
 * requests holds no call for it, or the org runs too high, so that it was not asked.
 */
async function countInOrg(
  parts: DoctorMirrorParts,
  org: OrgRecord,
  mirror: StoredMirror,
  signal: AbortSignal,
): Promise<{ contacts: number; now: number } | { refused: AppError } | { failed: unknown } | null> {
  const session = await parts.openSession(org, { signal }).catch(() => null);
  signal.throwIfAborted();
  if (session === null) return null;
  await using _session = session;
  await assertSameUser(mirror, session);
  const budget = budgetOf(parts, org, session);
  const remote = await parts.openRemote(session, {
    budget,
    notBefore: await mirror.contacts.latestReadAt(),
    log: silentLogger,
  });
  try {
    return { contacts: await remote.of(contact).count(null, { signal }), now: remote.clock.now() };
  } catch (error) {
    signal.throwIfAborted();
    return isAppError(error, 'API_BUDGET_EXHAUSTED') ? { refused: error } : { failed: error };
  } finally {
    await settleCalls(budget, parts);
  }
}
