import { createHash } from 'node:crypto';
import { OAuthError } from './oauth-error.ts';

/**
 * Checks the authorize request's challenge. No method means S256 here, where RFC 7636 section 4.3 means
 * plain; `plain` itself is refused (Salesforce supports S256 only).
 */
export function readChallenge(params: URLSearchParams): string | undefined {
  const challenge = params.get('code_challenge');
  const method = params.get('code_challenge_method');
  if (challenge === null) {
    if (method !== null) throw new OAuthError('invalid_request', 'missing required code challenge');
    return undefined;
  }
  if (method !== null && method !== 'S256') {
    throw new OAuthError('invalid_request', 'code challenge method is not supported: use S256');
  }
  if (!/^[A-Za-z0-9_-]{43}=?$/.test(challenge)) {
    throw new OAuthError('invalid_request', 'invalid code challenge');
  }
  return challenge.replace(/=$/, '');
}

/**
 * Whether the verifier belongs to the challenge. The upper length of RFC 7636 (128) is not enforced:
 * jsforce and the Salesforce CLI send 171 characters, and Salesforce takes them.
 */
export function verifierMatches(challenge: string, verifier: string): boolean {
  if (!/^[A-Za-z0-9._~-]{43,}$/.test(verifier)) return false;
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}
