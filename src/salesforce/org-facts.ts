import { isAppError } from '../base/errors.ts';
import { isIdOf } from '../org/record-id.ts';
import type { OrgIdentity, OrgLimits } from '../sync/ports/remote.ts';
import { isCount } from './answer-values.ts';
import type { ApiClient } from './api-client.ts';
import { queryPath } from './queries.ts';
import { remoteDetails } from './remote-error.ts';
import { parseObject, unexpectedAnswer } from './unexpected-answer.ts';

/**
 * Who the session is. Not by jsforce's `identity()`, which puts the token into a URL of the login host. Where
 * userinfo is out of the grant's scope, the ids stand in the identity URL that the version root names.
 */
export async function fetchIdentity(
  client: ApiClient,
  root: string,
  signal?: AbortSignal,
): Promise<OrgIdentity> {
  try {
    const answer = await client.read({
      kind: 'pull',
      method: 'GET',
      path: '/services/oauth2/userinfo',
      signal,
    });
    const body = parseObject(answer.text, 'userinfo', answer);
    const { organization_id: orgId, user_id: userId, preferred_username: username } = body;
    if (isIdOf('00D', orgId) && isIdOf('005', userId) && isUsername(username)) {
      return { orgId, userId, username };
    }
  } catch (error) {
    if (!isAppError(error, 'SALESFORCE_ERROR') && !remoteDetails(error)?.ofRequest) throw error;
  }
  return identityFromRoot(client, root, signal);
}

async function identityFromRoot(client: ApiClient, root: string, signal?: AbortSignal): Promise<OrgIdentity> {
  const answer = await client.read({ kind: 'pull', method: 'GET', path: root, signal });
  const { identity } = parseObject(answer.text, 'the identity', answer);
  const ids = /\/id\/(00D\w{12,15})\/(005\w{12,15})(?:\?|$)/.exec(String(identity));
  if (ids?.[1] === undefined || ids[2] === undefined) throw unexpectedAnswer('the identity', answer);
  const soql = `SELECT Username FROM User WHERE Id = '${ids[2]}'`;
  const users = await client.read({
    kind: 'pull',
    method: 'GET',
    path: queryPath(root, soql, false),
    signal,
  });
  const { records } = parseObject(users.text, 'the username', users);
  const username = Array.isArray(records) ? records[0]?.Username : undefined;
  if (!isUsername(username)) throw unexpectedAnswer('the username', users);
  return { orgId: ids[1], userId: ids[2], username };
}

/** An org may be let past its limit for a while, so what remains may be less than nothing. */
function isRemaining(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

/** Salesforce's own are email addresses of 80 characters at most. */
function isUsername(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255;
}

/** `GET /limits`. Source: REST API Developer Guide, "Limits". */
export async function fetchLimits(client: ApiClient, root: string, signal?: AbortSignal): Promise<OrgLimits> {
  const answer = await client.read({ kind: 'pull', method: 'GET', path: `${root}/limits`, signal });
  const body = parseObject(answer.text, 'limits', answer);
  const all: OrgLimits['all'] = Object.create(null);
  for (const [name, value] of Object.entries(body)) {
    const { Max, Remaining } = (value ?? {}) as { Max?: unknown; Remaining?: unknown };
    // What counts otherwise than we know is left out; the one limit that we go by is asked for below.
    if (isCount(Max) && isRemaining(Remaining)) all[name.slice(0, 100)] = { Max, Remaining };
  }
  const daily = Object.hasOwn(all, 'DailyApiRequests') ? all.DailyApiRequests : undefined;
  if (daily === undefined) throw unexpectedAnswer('limits', answer);
  return { dailyApiRequests: { max: daily.Max, remaining: daily.Remaining }, all };
}
