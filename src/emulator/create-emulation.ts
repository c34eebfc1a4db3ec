import { BulkJobs } from './bulk/bulk-jobs.ts';
import type { Emulation } from './control/emulation.ts';
import { Agenda } from './http/agenda.ts';
import { ApiUsage } from './http/api-usage.ts';
import { CallLog } from './http/call-log.ts';
import { FaultPlan } from './http/fault.ts';
import { defaultHttpSettings } from './http/http-settings.ts';
import { Waits } from './http/waits.ts';
import { AuthorizationCodes } from './oauth/authorization-codes.ts';
import { BrowserSessions } from './oauth/browser-sessions.ts';
import { createClientApp, readPublicKey } from './oauth/client-app.ts';
import { RefreshFamilies } from './oauth/refresh-families.ts';
import { RefreshesUnderWay } from './oauth/refreshes-under-way.ts';
import type { Session } from './oauth/sessions.ts';
import { defaultSessionTimeoutMs, Sessions } from './oauth/sessions.ts';
import type { EmulatorOptions } from './options.ts';
import type { Org } from './org/org.ts';
import { firstNumberOf } from './org-id.ts';
import { directoryOf } from './org-users.ts';
import { QueryCursors } from './rest/query-cursors.ts';
import { RecordIds } from './schema/record-id.ts';

/** Puts the parts of one emulator together around its org. */
export function createEmulation(org: Org, port: number, options: EmulatorOptions): Emulation {
  const { seed } = org;
  const instanceUrl = `http://localhost:${port}`;
  const now = () => org.clock.now();
  const directory = directoryOf(org);
  const ids = new RecordIds(seed);
  const firstCursor = firstNumberOf(org.id, 'cursor');
  const firstJob = firstNumberOf(org.id, 'job');
  const settings = { ...defaultHttpSettings, ...givenSettings(options) };
  const oauthSettings = initialOAuthSettings(options);
  const callbackUrls = [...(options.callbackUrls ?? [])];
  const malformed = callbackUrls.find((callback) => !URL.canParse(callback));
  if (malformed !== undefined) throw new TypeError(`callbackUrls holds "${malformed}", which is no URL.`);
  const app = createClientApp(seed, callbackUrls, directory.users()[0]?.username ?? '');
  for (const pem of options.jwtPublicKeys ?? []) {
    const key = readPublicKey(pem);
    if (!key) throw new TypeError('jwtPublicKeys holds a text that is no PEM public key or certificate.');
    app.jwtKeys.push(key);
  }
  return {
    org,
    port,
    settings,
    oauth: {
      directory,
      app,
      codes: new AuthorizationCodes(directory),
      browsers: new BrowserSessions(port),
      sessions: new Sessions(directory),
      families: new RefreshFamilies(directory),
      refreshes: new RefreshesUnderWay(oauthSettings),
      settings: oauthSettings,
      instanceUrl,
    },
    calls: new CallLog(),
    faults: new FaultPlan(),
    usage: new ApiUsage(now),
    cursors: new QueryCursors({
      now,
      idleMs: () => settings.cursorIdleMs,
      makeId: (n) => ids.make('01g', firstCursor + n),
    }),
    jobs: new BulkJobs(now, (n) => ids.make('750', firstJob + n)),
    agenda: new Agenda(now),
    waits: new Waits(),
    resetting: undefined,
  };
}

function givenSettings({ latencyMs, dailyLimit, concurrentLimit }: EmulatorOptions) {
  return {
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(dailyLimit === undefined ? {} : { dailyLimit }),
    ...(concurrentLimit === undefined ? {} : { concurrentLimit }),
  };
}

function initialOAuthSettings(options: EmulatorOptions) {
  return {
    autoApprove: options.autoApprove ?? false,
    rotateRefreshTokens: options.rotateRefreshTokens ?? false,
    appBlocked: false,
    requirePkce: false,
    refuseConcurrentRefresh: true,
  };
}

/** Back to the start; the first session is good again. One reset after the other, and no request in between. */
export async function resetEmulation(
  emulation: Emulation,
  options: EmulatorOptions,
  firstSession: Session,
): Promise<void> {
  while (emulation.resetting) await emulation.resetting;
  const done = resetNow(emulation, options, firstSession);
  // A reset that fails says so to whoever asked for it; the others go on.
  emulation.resetting = done
    .catch(() => {})
    .finally(() => {
      emulation.resetting = undefined;
    });
  await done;
}

async function resetNow(
  emulation: Emulation,
  options: EmulatorOptions,
  firstSession: Session,
): Promise<void> {
  const { org, oauth, settings } = emulation;
  emulation.agenda.clear();
  emulation.jobs.clear();
  await org.control.reset();
  Object.assign(settings, defaultHttpSettings, givenSettings(options));
  Object.assign(oauth.settings, initialOAuthSettings(options));
  oauth.app.callbackUrls = createClientApp(0, [...(options.callbackUrls ?? [])], '').callbackUrls;
  oauth.sessions.timeoutMs = defaultSessionTimeoutMs;
  oauth.codes.clear();
  oauth.browsers.clear();
  oauth.families.revokeAll();
  oauth.sessions.closeAllBut(firstSession);
  emulation.calls.clear();
  emulation.faults.set([]);
  emulation.usage.clear();
  emulation.cursors.clear();
}
