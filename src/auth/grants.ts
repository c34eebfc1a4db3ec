import { signAssertion } from './jwt-assertion.ts';

/** Forms of the token endpoint for the grants that need no browser (RFC 6749 sections 4.4 and 6, RFC 7523). */
export function refreshForm(refreshToken: string, clientId: string, clientSecret: string | null) {
  return {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
    ...(clientSecret ? { client_secret: clientSecret } : {}),
  };
}

export function jwtForm(
  privateKey: string,
  about: { clientId: string; username: string; loginUrl: string; now: number },
) {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: signAssertion(privateKey, { ...about, audience: about.loginUrl }),
  };
}

export function clientCredentialsForm(clientId: string, clientSecret: string) {
  return { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
}
