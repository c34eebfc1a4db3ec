import { verify } from 'node:crypto';
import type { OAuthContext } from './oauth-context.ts';
import { OAuthError } from './oauth-error.ts';

const standardAudiences = ['https://login.salesforce.com', 'https://test.salesforce.com'];
/** Salesforce lets clocks differ a little; the number is this emulator's. */
const skewMs = 60_000;

/** Checks an assertion (RFC 7523 section 3; OAuth 2.0 JWT Bearer Flow): RS256, iss, sub, aud, exp. */
export function readJwtBearer(assertion: string, context: OAuthContext): { username: string } {
  const parts = assertion.split('.');
  const [head = '', payload = '', signature = ''] = parts;
  const header = decode(head);
  const claims = decode(payload);
  if (parts.length !== 3 || !header || !claims) throw new OAuthError('invalid_grant', 'invalid assertion');
  if (header.alg !== 'RS256') throw new OAuthError('invalid_grant', 'algorithm must be RS256');
  const { app, directory } = context;
  if (claims.iss !== app.clientId) throw new OAuthError('invalid_client_id', 'client identifier invalid');
  const audiences = [...standardAudiences, ...ownAudiences(context.instanceUrl)];
  const given = (Array.isArray(claims.aud) ? claims.aud : [claims.aud]).map((a) =>
    String(a).replace(/\/$/, ''),
  );
  if (
    !given.some((a) => audiences.includes(a) || audiences.some((own) => a === `${own}/services/oauth2/token`))
  ) {
    throw new OAuthError('invalid_grant', 'audience is invalid');
  }
  const expiry = readExpiry(claims.exp);
  if (expiry === undefined) throw new OAuthError('invalid_grant', 'invalid assertion');
  if (expiry * 1_000 + skewMs < directory.now()) {
    throw new OAuthError('invalid_grant', 'expired authorization code');
  }
  const signed = Buffer.from(`${head}.${payload}`, 'ascii');
  const bytes = Buffer.from(signature, 'base64url');
  if (!app.jwtKeys.some((key) => safeVerify(signed, key, bytes))) {
    throw new OAuthError('invalid_grant', 'invalid assertion');
  }
  const username = claims.sub ?? claims.prn;
  if (typeof username !== 'string') throw new OAuthError('invalid_grant', 'invalid assertion');
  return { username };
}

/** Seconds since 1970, as a number or, as in Salesforce's own example, as a string of digits. */
function readExpiry(exp: unknown): number | undefined {
  const seconds = typeof exp === 'string' && /^\d{1,15}$/.test(exp) ? Number(exp) : exp;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : undefined;
}

function ownAudiences(instanceUrl: string): string[] {
  const { port } = new URL(instanceUrl);
  return [instanceUrl, `http://127.0.0.1:${port}`, `http://[::1]:${port}`];
}

function safeVerify(data: Buffer, key: Parameters<typeof verify>[2], signature: Buffer): boolean {
  try {
    return verify('RSA-SHA256', data, key, signature);
  } catch {
    return false;
  }
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
