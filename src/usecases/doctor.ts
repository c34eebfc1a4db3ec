import type { CredentialStore } from '../auth/credential-store.ts';
import { AppError, isAppError, messageOf } from '../base/errors.ts';
import { formatDuration } from '../base/interval.ts';
import { silentLogger } from '../base/logger.ts';
import { makeFolder } from '../base/make-folder.ts';
import type { Exposure } from '../base/private-path.ts';
import type { CallContext } from '../contract/app.ts';
import type { DoctorCheck, DoctorFinding, DoctorResult } from '../contract/doctor.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import { firstOfSameOrg } from '../orgs/rules/connected-once.ts';
import { namedOrAllOrgs } from './chosen-orgs.ts';
import { budgetOf, settleCalls } from './connect-org.ts';
import { checkFolder } from './doctor-folder.ts';
import { checkMirror, type DoctorMirrorParts } from './doctor-mirror.ts';
import { lookingOf } from './looking-budget.ts';
import { howToConnect } from './no-org.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export interface DoctorParts extends OrgDirectory, DoctorMirrorParts {
  readonly credentials: Pick<CredentialStore, 'probeWritable'>;
  /** This program's files that other users may change or read. */
  exposedFiles(): Exposure[];
  /** What a host says the time is, ms since 1970, null where it does not. Throws where it does not answer. */
  hostTime(url: string, options: { signal: AbortSignal }): Promise<number | null>;
  readonly config: DoctorMirrorParts['config'] & {
    readonly dataDir: string;
    readonly loginUrl: string;
    readonly credentialStore: { readonly kind: string };
  };
}

/** Clocks further apart than this make logs misleading and JWT logins fail. */
const clockSkewMs = 120_000;

/** Looks at everything a sync needs and says what to do; changes nothing but making the data folder and counting its calls. */
export async function doctor(parts: DoctorParts, { signal }: CallContext): Promise<DoctorResult> {
  const { config } = parts;
  const checks: DoctorCheck[] = [];
  const check = async (
    name: string,
    work: () => Promise<DoctorFinding | string>,
    instanceUrl: string | null = null,
  ) => {
    try {
      const result = await work();
      const found: DoctorFinding =
        typeof result === 'string' ? { name, status: 'ok', message: result, hint: null } : result;
      checks.push({ ...found, instanceUrl });
    } catch (error) {
      signal.throwIfAborted();
      const hint = error instanceof AppError ? (error.hint ?? null) : null;
      checks.push({ name, status: 'fail', message: messageOf(error), hint, instanceUrl });
    }
  };
  await check('node', async () => `Node.js ${process.versions.node}`);
  await check('data folder', async () => {
    makeFolder(config.dataDir);
    const folder = await checkFolder(config.dataDir, { name: 'data folder' });
    const exposed = parts.exposedFiles();
    const [worst] = [...exposed.filter(({ isOurs }) => !isOurs), ...exposed];
    if (worst !== undefined) {
      return {
        name: 'data folder',
        status: 'fail',
        message: `${worst.what}${exposed.length > 1 ? `, and ${exposed.length - 1} more are open to others` : ''}`,
        hint: worst.mend,
      };
    }
    return folder;
  });
  await check('credential store', async () => {
    await parts.credentials.probeWritable();
    return `the ${config.credentialStore.kind} store can be written`;
  });
  let orgs: OrgRecord[] = [];
  const hosts = () => [...new Set(orgs.length > 0 ? orgs.map(({ apiUrl }) => apiUrl) : [config.loginUrl])];
  await check('orgs', async () => {
    orgs = await namedOrAllOrgs(parts, null);
    const double = orgs.find((org) => firstOfSameOrg(orgs, org) !== org);
    if (double !== undefined) {
      return {
        name: 'orgs',
        status: 'fail',
        message: `${double.instanceUrl} is the org that is connected as ${firstOfSameOrg(orgs, double).instanceUrl}; it is not synced`,
        hint: `Run \`parahack-sync logout ${double.instanceUrl} --delete-data\`.`,
      };
    }
    if (orgs.length > 0) return `${orgs.length} connected`;
    return {
      name: 'orgs',
      status: 'warn',
      message: 'no org is connected',
      hint: await howToConnect(parts),
    };
  });
  const orgTimes = new Map<string, number>();
  for (const url of hosts()) {
    const host = new URL(url).host;
    await check(`network ${host}`, async () => {
      const time = await parts.hostTime(url, { signal });
      if (time !== null) orgTimes.set(url, time);
      return `${host} answers`;
    });
    const orgTime = orgTimes.get(url);
    if (orgTime !== undefined)
      await check(`clock ${host}`, async () => checkClock(parts, `clock ${host}`, orgTime));
  }
  for (const org of orgs) {
    const label = org.alias ?? org.instanceUrl;
    const { instanceUrl } = org;
    await check(`login ${label}`, () => checkLogin(parts, org, `login ${label}`, signal), instanceUrl);
    const orgTime = orgTimes.get(org.apiUrl) ?? parts.clock.now();
    await check(
      `mirror ${label}`,
      () => checkMirror(parts, org, { name: `mirror ${label}`, orgTime, signal }),
      instanceUrl,
    );
  }
  return { checks };
}

async function checkLogin(
  parts: DoctorParts,
  org: OrgRecord,
  name: string,
  signal: AbortSignal,
): Promise<DoctorFinding | string> {
  await using session = await parts.openSession(org, { signal });
  const budget = budgetOf(parts, org, session);
  const remote = await parts.openRemote(session, { budget: lookingOf(budget), log: silentLogger });
  let username: string;
  try {
    ({ username } = await remote.identity({ signal }));
  } catch (error) {
    if (!isAppError(error, 'API_BUDGET_EXHAUSTED')) throw error;
    const message = `the org was not asked who is logged in: ${error.message}`;
    return { name, status: 'warn', message, hint: error.hint ?? null };
  } finally {
    await settleCalls(budget, parts);
  }
  if (org.authState === 'no-refresh') {
    return {
      name,
      status: 'warn',
      message: `${username} is logged in by an access token that nothing can renew`,
      hint: 'It ends within hours; for a lasting login use `parahack-sync login --client-id ID` without --access-token-stdin.',
    };
  }
  return `${username} is logged in`;
}

function checkClock(
  { clock }: Pick<DoctorParts, 'clock'>,
  name: string,
  orgTime: number,
): DoctorFinding | string {
  const skew = orgTime - clock.now();
  if (Math.abs(skew) <= clockSkewMs) return "this machine's clock agrees with the org's";
  return {
    name,
    status: 'warn',
    message: `this machine's clock is ${formatDuration(Math.abs(skew))} ${skew > 0 ? 'behind' : 'ahead of'} the org's`,
    hint: "Set this machine's clock; syncing itself goes by the org's.",
  };
}
