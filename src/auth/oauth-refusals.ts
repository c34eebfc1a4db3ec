import { appRefusals } from './refusals/app-refusals.ts';
import { grantRefusals } from './refusals/grant-refusals.ts';
import type { KnownRefusal, OAuthStep } from './refusals/known-refusal.ts';
import { passingRefusals } from './refusals/passing-refusals.ts';
import { userRefusals } from './refusals/user-refusals.ts';

/** The user's own word. */
const denied: KnownRefusal = {
  error: /^access[_-]denied$/i,
  kind: 'login',
  code: 'LOGIN_DENIED',
  message: 'The login was refused in the browser.',
  hint: 'Run the login again and press Allow.',
};

/**
 * Everything that the authorize redirect and the token, revoke and userinfo endpoints are known to answer. First
 * match wins; the order is from the particular to the general.
 *
 * Sources: Salesforce Help, "OAuth 2.0 Authorization Errors" and the pages of each flow; its articles 005132365
 * (blocked apps), 005316711 (rotation) and 000312767 (login rate); the release notes of Summer and Winter '24 on
 * simultaneous refreshes; the names in Salesforce's Mobile SDK (OAuthErrorCode); RFC 6749 sections 4.1.2.1 and 5.2,
 * RFC 7009, RFC 8628.
 */
const knownRefusals: readonly KnownRefusal[] = [
  ...passingRefusals,
  denied,
  ...appRefusals,
  ...userRefusals,
  ...grantRefusals,
];

/** For what nobody has met yet: told, and never noted as the end of a grant. */
export const unknownRefusal: Omit<KnownRefusal, 'error'> = {
  kind: 'login',
  message: 'Salesforce refused the login',
  hint: 'The org\'s Setup, "Login History" says more.',
};

export function knownRefusalOf({
  error,
  description,
  during,
}: {
  error: string;
  description: string | null;
  during: OAuthStep | null;
}): KnownRefusal | null {
  return (
    knownRefusals.find(
      (known) =>
        known.error.test(error) &&
        (known.description === undefined || known.description.test(description ?? '')) &&
        (known.during === undefined || (during !== null && known.during.includes(during))),
    ) ?? null
  );
}
