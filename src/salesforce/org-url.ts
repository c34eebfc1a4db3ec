import { remoteError } from './remote-error.ts';

/**
 * The path and query of a URL that the org's answer named, to be followed on the org's own origin only: an
 * answer must not be able to send the access token elsewhere. Accepts relative and absolute URLs, of any API
 * version. Throws AppError `SALESFORCE_ERROR` for every other.
 */
export function ownPath(url: string, instanceUrl: string, apiUrl: string | undefined): string {
  const origins = [instanceUrl, apiUrl ?? instanceUrl].map((base) => new URL(base).origin);
  const parsed = URL.parse(url, `${origins[0]}/`);
  if (parsed === null || !origins.includes(parsed.origin) || !parsed.pathname.startsWith('/services/')) {
    throw remoteError('SALESFORCE_ERROR', 'The org named a URL outside of itself to continue with.', {
      status: null,
      errorCode: null,
      retryAfterMs: null,
      request: parsed === null ? 'unreadable URL' : `GET ${parsed.origin}${parsed.pathname}`,
    });
  }
  return parsed.pathname + parsed.search;
}

/**
 * SOQL as a query parameter. Commas stay and spaces become `+`: Salesforce takes both, and a field list is mostly
 * that, where the request must stay within 16,384 bytes.
 */
export function encodeSoql(soql: string): string {
  return encodeURIComponent(soql).replaceAll('%20', '+').replaceAll('%2C', ',');
}
