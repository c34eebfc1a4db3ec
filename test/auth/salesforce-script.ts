import type { Credential } from '../../src/auth/credential.ts';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from './scripted-oauth-server.ts';

export const orgId = '00D5e000000HEcPEAW';
export const userId = '0055e000001mKpUAAU';
export const username = 'ada@example.com';

export interface FakeSalesforce extends AsyncDisposable {
  server: ScriptedServer;
  url: string;
  /** Refresh tokens that work now; rotation replaces them. */
  live: Set<string>;
  rotate: boolean;
  /** Answers by path that come before the usual ones; return undefined to leave a request to them. */
  override: ((path: string, form: Record<string, string>) => ScriptedAnswer | undefined) | null;
  tokenCalls(): number;
}

/** The token, userinfo and revoke endpoints as Salesforce answers them, small enough to be read at once. */
export async function startFakeSalesforce(): Promise<FakeSalesforce> {
  let issued = 0;
  const server = await startScriptedServer(({ path, form }) => {
    const given = fake.override?.(path, form);
    if (given !== undefined) return given;
    if (path === '/services/oauth2/userinfo') {
      return { json: { organization_id: orgId, user_id: userId, preferred_username: username } };
    }
    if (path === '/services/oauth2/revoke') {
      fake.live.delete(form.token ?? '');
      return {};
    }
    if (path !== '/services/oauth2/token') return { status: 404, text: 'no' };
    issued += 1;
    const answer: Record<string, unknown> = {
      access_token: `00D!access-${issued}`,
      instance_url: server.url,
      id: `https://login.salesforce.com/id/${orgId}/${userId}`,
      token_type: 'Bearer',
      issued_at: String(1_700_000_000_000 + issued),
    };
    if (form.grant_type === 'refresh_token') {
      if (!fake.live.has(form.refresh_token ?? '')) {
        fake.live.clear();
        return invalidGrant('expired access/refresh token');
      }
      if (fake.rotate) {
        fake.live.clear();
        answer.refresh_token = `refresh-${issued}`;
        fake.live.add(`refresh-${issued}`);
      }
    }
    if (form.grant_type === 'authorization_code') {
      answer.refresh_token = `refresh-${issued}`;
      fake.live.add(`refresh-${issued}`);
    }
    return { json: answer };
  });
  const fake: FakeSalesforce = {
    server,
    url: server.url,
    live: new Set(['refresh-0']),
    rotate: true,
    override: null,
    tokenCalls: () => server.requests.filter(({ path }) => path === '/services/oauth2/token').length,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return fake;
}

export function invalidGrant(description: string): ScriptedAnswer {
  return { status: 400, json: { error: 'invalid_grant', error_description: description } };
}

export function credentialFor(url: string, change: Partial<Credential> = {}): Credential {
  return {
    instanceUrl: url,
    apiUrl: url,
    loginUrl: url,
    grant: 'refresh-token',
    clientId: 'client',
    orgId,
    userId,
    username,
    accessToken: '00D!access-0',
    refreshToken: 'refresh-0',
    clientSecret: null,
    privateKey: null,
    issuedAt: 1_700_000_000_000,
    refused: null,
    ...change,
  };
}
