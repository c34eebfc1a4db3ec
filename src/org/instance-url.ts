import { AppError } from '../base/errors.ts';

/**
 * The API's own base URL of an org, from whatever people paste: a bare host, any page of the org, its
 * lightning, setup or Visualforce host. The result has a lower-case host, no path, no trailing slash and no
 * default port. Throws AppError `INVALID_INPUT`. Idempotent.
 *
 * Host forms: Salesforce Help, "My Domain URL Formats" (enhanced domains).
 */
export function normaliseInstanceUrl(text: string): string {
  const url = parseUrl(text, 'instance URL');
  url.hostname = apiHostOf(url.hostname);
  return url.origin;
}

/** The same for where tokens are asked for; `login.salesforce.com` and `test.salesforce.com` stay as they are. */
export function normaliseLoginUrl(text: string): string {
  const url = parseUrl(text, 'login URL');
  url.hostname = apiHostOf(url.hostname);
  return url.origin;
}

/** `https://login.salesforce.com` and the like log users of every org in, but are no org's own host. */
export function isSharedLoginHost(url: string): boolean {
  return /^(login|test)\.salesforce\.com$/.test(new URL(url).hostname);
}

/** Hosts that only Salesforce itself can answer for. */
export function isSalesforceHost(url: string): boolean {
  return /\.(salesforce|force|cloudforce|database)\.com$|\.(salesforce|crmforce)\.mil$/.test(
    new URL(url).hostname,
  );
}

/** The instance URL's host, with `_<port>` where a port is given; names the org's files. */
export function hostKeyOf(instanceUrl: string): string {
  const { hostname, port } = new URL(instanceUrl);
  const host = hostname.replace(/[[\]]/g, '').replaceAll(':', '-');
  return port === '' ? host : `${host}_${port}`;
}

/** `localhost`, a name under it, 127.0.0.0/8 or ::1 (RFC 6761 section 6.3, RFC 8252 section 7.3). */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}

function parseUrl(text: string, what: string): URL {
  const trimmed = text.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed);
  const url = hasScheme ? tryUrl(trimmed) : bareHost(trimmed);
  if (url === null) {
    throw invalid(`The ${what} "${shown(trimmed)}" is not a URL.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid(`The ${what} must not hold a user name or password.`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalid(`The ${what} "${shown(trimmed)}" is not an https URL.`);
  }
  url.hostname = url.hostname.replace(/\.+$/, '');
  if (url.hostname === '' || url.hostname.includes('..') || url.hostname.startsWith('.')) {
    throw invalid(`The ${what} "${shown(trimmed)}" has no host.`);
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw invalid(`The ${what} "${shown(trimmed)}" is not encrypted; only localhost may use http.`);
  }
  return url;
}

/** `acme.my.salesforce.com/…` or `localhost:8080`; a single word is more likely a mistaken alias than a host. */
function bareHost(text: string): URL | null {
  if (/[\s@]/.test(text) || text === '') return null;
  const secure = tryUrl(`https://${text}`);
  if (secure === null) return null;
  if (isLoopbackHost(secure.hostname)) return tryUrl(`http://${text}`);
  return secure.hostname.includes('.') || secure.hostname.startsWith('[') ? secure : null;
}

function tryUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** What a browser shows of an org → where its API is. */
const hostForms: readonly [suffix: string, api: string, firstLabelTail?: RegExp][] = [
  ['.lightning.force.com', '.my.salesforce.com'],
  ['.my.salesforce-setup.com', '.my.salesforce.com'],
  // acme--c.vf.force.com: the package's namespace follows the last double hyphen.
  ['.vf.force.com', '.my.salesforce.com', /--[a-z0-9_]+$/],
  ['.lightning.crmforce.mil', '.my.salesforce.mil'],
  ['.my.salesforce-setup.mil', '.my.salesforce.mil'],
];

function apiHostOf(hostname: string): string {
  for (const [suffix, api, firstLabelTail] of hostForms) {
    if (!hostname.endsWith(suffix)) continue;
    const [first = '', ...others] = hostname.slice(0, -suffix.length).split('.');
    const name = firstLabelTail ? first.replace(firstLabelTail, '') : first;
    if (name !== '') return [name, ...others].join('.') + api;
  }
  return hostname;
}

/** Long pastes are cut, and a query is dropped: it may hold a token. */
function shown(text: string): string {
  const bare = text.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//…@');
  return bare.length > 80 ? `${bare.slice(0, 80)}…` : bare;
}

function invalid(message: string): AppError {
  return new AppError('INVALID_INPUT', message, {
    hint: 'Give the org\'s own address, such as https://acme.my.salesforce.com (Setup, "My Domain").',
  });
}
