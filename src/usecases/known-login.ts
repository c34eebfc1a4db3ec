import type { CredentialStore } from '../auth/credential-store.ts';
import { grantIsOver } from '../auth/grant/grant-is-over.ts';
import { grantRefused, loginRequired } from '../auth/grant/login-required.ts';
import { isAppError } from '../base/errors.ts';
import type { ErrorInfo } from '../contract/error-info.ts';
import { errorInfoOf } from '../contract/error-info-of.ts';
import type { KnownAuth } from '../contract/orgs.ts';
import type { OrgRecord } from '../orgs/org-record.ts';

export interface KnownLogin {
  auth: KnownAuth;
  /** Why a login is needed, or why nothing is known of it; null where there is nothing to say. */
  authReason: ErrorInfo | null;
}

/**
 * What is known here of each org's login, without asking Salesforce. The registry says how the last use ended; only
 * the credential store says whether there is anything to log in with. A store that cannot be opened is tried once. With
 * `quick` a sealed store stays sealed where the registry knows of nothing amiss: stretching the passphrase takes longer
 * than all else of a `status`.
 */
export function loginLookup(
  parts: { readonly credentials: Pick<CredentialStore, 'get' | 'glance'> },
  { quick = false }: { quick?: boolean } = {},
): (org: OrgRecord) => Promise<KnownLogin> {
  let unusable: ErrorInfo | null = null;
  return async (org) => {
    // The org of the environment brings its token along.
    if (org.orgId === '') return { auth: org.authState, authReason: null };
    if (unusable !== null) return { auth: 'unknown', authReason: unusable };
    try {
      const { credentials } = parts;
      const mayStaySealed = quick && org.authState !== 'login-needed';
      const credential = await credentials[mayStaySealed ? 'glance' : 'get'](org.instanceUrl);
      if (credential === 'sealed') return { auth: org.authState, authReason: null };
      return credential === null ? withoutCredential(org) : withCredential(org, credential);
    } catch (error) {
      const reason = errorInfoOf(error);
      if (isAppError(error, 'CREDENTIAL_STORE_UNAVAILABLE')) unusable = reason;
      return { auth: 'unknown', authReason: reason };
    }
  };
}

function withoutCredential(org: OrgRecord): KnownLogin {
  const why = 'the credential store holds no login of it.';
  return {
    auth: 'login-needed',
    authReason: errorInfoOf(loginRequired(org.instanceUrl, { login: org, why })),
  };
}

function withCredential(
  org: OrgRecord,
  credential: NonNullable<Awaited<ReturnType<CredentialStore['get']>>>,
): KnownLogin {
  if (grantIsOver(credential)) {
    return { auth: 'login-needed', authReason: errorInfoOf(grantRefused(credential)) };
  }
  if (credential.grant !== 'access-token') return { auth: 'ok', authReason: null };
  if (org.authState !== 'login-needed') return { auth: 'no-refresh', authReason: null };
  const why = 'its access token has ended and cannot be renewed.';
  const needed = loginRequired(org.instanceUrl, { login: credential, why });
  return { auth: 'login-needed', authReason: errorInfoOf(needed) };
}
