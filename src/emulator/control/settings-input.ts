import type { OrgSettingsChange } from '../engine/org-settings.ts';
import { booleanSettings, concurrentAfterMs, numericSettings } from '../http/http-settings.ts';
import type { OAuthSettings } from '../oauth/oauth-context.ts';
import type { ControlBody } from './control-input.ts';
import { ControlError, readBoolean, readCount, readText } from './control-input.ts';
import type { Emulation } from './emulation.ts';

const orgKeys = [
  'replicationIdLimit',
  'duplicateRules',
  'validationRules',
  'saveTriggers',
  'lockedIds',
  'hiddenFields',
  'addFields',
  'removeFields',
  'commitLagMs',
  'futureEndCovered',
] as const satisfies readonly (keyof OrgSettingsChange)[];

const oauthKeys = [
  'autoApprove',
  'rotateRefreshTokens',
  'appBlocked',
  'requirePkce',
  'refuseConcurrentRefresh',
] as const satisfies readonly (keyof OAuthSettings)[];

/** Changes settings; all of them are checked before the first is set. */
export function changeSettings(body: ControlBody, emulation: Emulation): Record<string, unknown> {
  const known = [
    ...Object.keys(numericSettings),
    ...booleanSettings,
    ...orgKeys,
    ...oauthKeys,
    'concurrentAfterMs',
    'sessionTimeoutMs',
    'duplicateResultKey',
    'callbackUrls',
  ];
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new ControlError(`"${unknown}" is no setting. Settings: ${known.join(', ')}.`);
  }
  const apply: (() => void)[] = [];
  readHttpSettings(body, emulation, apply);
  readOAuthSettings(body, emulation, apply);
  const orgChange = Object.fromEntries(orgKeys.filter((key) => key in body).map((key) => [key, body[key]]));
  // The org checks its own part, and before anything of ours is set.
  if (Object.keys(orgChange).length > 0) emulation.org.control.change(orgChange as OrgSettingsChange);
  for (const set of apply) set();
  return readSettings(emulation);
}

function readHttpSettings(body: ControlBody, { settings }: Emulation, apply: (() => void)[]): void {
  for (const key of Object.keys(numericSettings) as (keyof typeof numericSettings)[]) {
    const value = readCount(body, key, { max: Number.MAX_SAFE_INTEGER });
    if (value === undefined) continue;
    if (value < numericSettings[key])
      throw new ControlError(`"${key}" must be at least ${numericSettings[key]}.`);
    apply.push(() => {
      settings[key] = value;
    });
  }
  for (const key of booleanSettings) {
    const value = readBoolean(body, key);
    if (value !== undefined) {
      apply.push(() => {
        settings[key] = value;
      });
    }
  }
  const afterMs =
    body.concurrentAfterMs === null
      ? null
      : readCount(body, 'concurrentAfterMs', { max: Number.MAX_SAFE_INTEGER });
  if (afterMs !== undefined) {
    apply.push(() => {
      settings.concurrentAfterMs = afterMs;
    });
  }
  const duplicateKey = readText(body, 'duplicateResultKey');
  if (duplicateKey === undefined) return;
  if (duplicateKey !== 'duplicateResut' && duplicateKey !== 'duplicateResult') {
    throw new ControlError('"duplicateResultKey" must be duplicateResut or duplicateResult.');
  }
  apply.push(() => {
    settings.duplicateResultKey = duplicateKey;
  });
}

function readOAuthSettings(body: ControlBody, { oauth }: Emulation, apply: (() => void)[]): void {
  for (const key of oauthKeys) {
    const value = readBoolean(body, key);
    if (value !== undefined) {
      apply.push(() => {
        oauth.settings[key] = value;
      });
    }
  }
  const timeoutMs = readCount(body, 'sessionTimeoutMs', { max: Number.MAX_SAFE_INTEGER });
  if (timeoutMs !== undefined) {
    apply.push(() => {
      oauth.sessions.timeoutMs = timeoutMs;
    });
  }
  const urls = body.callbackUrls;
  if (urls === undefined) return;
  if (!Array.isArray(urls) || urls.some((url) => typeof url !== 'string' || !URL.canParse(url))) {
    throw new ControlError('"callbackUrls" must be an array of URLs.');
  }
  apply.push(() => {
    oauth.app.callbackUrls = [...(urls as string[])];
  });
}

/** Every setting with its value, for `GET /__emulator/settings` and the page. */
export function readSettings({ settings, oauth, org }: Emulation): Record<string, unknown> {
  return {
    ...settings,
    concurrentAfterMs: concurrentAfterMs(settings),
    ...oauth.settings,
    sessionTimeoutMs: oauth.sessions.timeoutMs,
    callbackUrls: oauth.app.callbackUrls,
    ...org.control.settings(),
  };
}
