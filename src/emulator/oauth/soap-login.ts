import type { Answer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { escapeMarkup } from '../http/xml.ts';
import type { OAuthContext } from './oauth-context.ts';
import type { DirectoryUser } from './org-directory.ts';
import { userNamed } from './org-directory.ts';

const soapPath = /^\/services\/Soap\/([uc])\/(\d+\.\d)(?:\/[\w]*)?$/;

/**
 * `login()` and `logout()` of the SOAP API, which older clients begin and end with; undefined for another path. Every
 * other call is a fault, for the rest of the SOAP API is not here (SOAP API Developer Guide, login(), logout()).
 */
export function soapAnswer(request: ApiRequest, context: OAuthContext): Answer | undefined {
  const match = soapPath.exec(request.path);
  if (!match) return undefined;
  if (request.method !== 'POST') return fault('INVALID_OPERATION', 'Only POST is supported by the SOAP API');
  const [, kind = 'u', version = ''] = match;
  const body = request.body.toString('utf8');
  const namespace = kind === 'u' ? 'urn:partner.soap.sforce.com' : 'urn:enterprise.soap.sforce.com';
  if (hasElement(body, 'login')) return login(body, { kind, version, namespace }, context);
  if (hasElement(body, 'logout')) {
    if (!context.sessions.close(textOf(body, 'sessionId') ?? '')) {
      return fault(
        'INVALID_SESSION_ID',
        'Invalid Session ID found in SessionHeader: Illegal Session. Session not found',
      );
    }
    return envelope(200, namespace, '<logoutResponse/>');
  }
  return fault('INVALID_OPERATION', 'Of the SOAP API only login() and logout() are here');
}

interface Endpoint {
  readonly kind: string;
  readonly version: string;
  readonly namespace: string;
}

function login(body: string, { kind, version, namespace }: Endpoint, context: OAuthContext): Answer {
  const { directory, sessions, app, instanceUrl } = context;
  const user = userNamed(directory, textOf(body, 'username') ?? '');
  if (!user?.active || user.password !== textOf(body, 'password')) {
    return fault(
      'INVALID_LOGIN',
      'Invalid username, password, security token; or user locked out.',
      'LoginFault',
    );
  }
  const session = sessions.open({ userId: user.id, clientId: app.clientId, scopes: ['api'] });
  const endpoint = (letter: string) =>
    `${instanceUrl}/services/Soap/${letter}/${version}/${directory.orgId.slice(0, 15)}`;
  const result = [
    element('metadataServerUrl', endpoint('m')),
    element('passwordExpired', 'false'),
    element('sandbox', 'false'),
    element('serverUrl', endpoint(kind)),
    element('sessionId', session.token),
    element('userId', user.id),
    userInfo(user, directory.orgId, sessions.timeoutMs),
  ].join('');
  return envelope(200, namespace, `<loginResponse><result>${result}</result></loginResponse>`);
}

function userInfo(user: DirectoryUser, orgId: string, timeoutMs: number): string {
  const facts = {
    organizationId: orgId,
    organizationMultiCurrency: 'false',
    sessionSecondsValid: String(Math.floor(timeoutMs / 1000)),
    userEmail: user.email,
    userFullName: user.name,
    userId: user.id,
    userLanguage: 'en_US',
    userLocale: 'en_US',
    userName: user.username,
    userTimeZone: 'GMT',
    userType: 'Standard',
  };
  const elements = Object.entries(facts).map(([name, value]) => element(name, value));
  return `<userInfo>${elements.join('')}</userInfo>`;
}

function element(name: string, text: string): string {
  return `<${name}>${escapeMarkup(text)}</${name}>`;
}

function envelope(status: number, namespace: string, content: string): Answer {
  const body =
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="${namespace}" ` +
    'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`;
  return { status, headers: { 'Content-Type': 'text/xml;charset=UTF-8' }, body };
}

function fault(code: string, message: string, type = 'ApiFault'): Answer {
  const detail = `<sf:${type} xsi:type="sf:${type}"><sf:exceptionCode>${code}</sf:exceptionCode><sf:exceptionMessage>${escapeMarkup(message)}</sf:exceptionMessage></sf:${type}>`;
  const content =
    `<soapenv:Fault><faultcode>sf:${code}</faultcode>` +
    `<faultstring>${code}: ${escapeMarkup(message)}</faultstring><detail>${detail}</detail></soapenv:Fault>`;
  return envelope(500, 'urn:partner.soap.sforce.com', content);
}

function hasElement(body: string, name: string): boolean {
  return new RegExp(`<(?:[\\w.-]+:)?${name}[\\s/>]`).test(body);
}

/** The text of the first element of that name, whatever its prefix. */
function textOf(body: string, name: string): string | undefined {
  const match = new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^>]*)?>([^<]*)</`).exec(body);
  return match?.[1]?.replace(/&(amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-f]{1,6});/gi, (whole, entity: string) =>
    character(entity.toLowerCase(), whole),
  );
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function character(entity: string, whole: string): string {
  if (!entity.startsWith('#')) return named[entity] ?? whole;
  const code = entity[1] === 'x' ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
