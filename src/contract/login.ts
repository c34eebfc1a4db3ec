import type { GrantKind } from '../org/grant-kind.ts';
import type { ErrorInfo } from './error-info.ts';

interface LoginCommon {
  alias: string | null;
  /** The sync flag of the connected org. */
  sync: boolean;
  /** Another user may take the place of the one as whom the mirror was made (else OTHER_USER). */
  replaceUser: boolean;
  /** A login that renews itself may be replaced by another kind, or through another app (else GRANT_REPLACED). */
  replaceGrant?: boolean | undefined;
  /** An org that is connected under another address moves to this one, with its files. */
  move?: boolean | undefined;
  /** Asked where `replaceGrant` is not set; left out where nobody is there to answer. */
  confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/**
 * Reads the address that the browser was sent back to, until `take` answers null or `signal` ends. A rejection ends the
 * login.
 */
export type ReadRedirect = (reading: {
  redirectUri: string;
  /** Why the text does not count, null where it does. */
  take: (text: string) => string | null;
  signal: AbortSignal;
}) => Promise<void>;

/** Authorization code with PKCE over a loopback redirect. */
export interface BrowserLogin extends LoginCommon {
  flow: 'browser';
  /** `--instance-url`, else the sandbox' or the configured login URL. */
  loginUrl: string;
  clientId: string | null;
  /** null: the registered ports in their order. */
  port: number | null;
  openBrowser: boolean;
  /** Reads the redirected address beside the listener, where it may not reach it. */
  readRedirect?: ReadRedirect | undefined;
  timeoutMs: number;
}

export interface AccessTokenLogin extends LoginCommon {
  flow: 'access-token';
  instanceUrl: string;
  accessToken: string;
}

/** JWT bearer grant (RFC 7523). */
export interface JwtLogin extends LoginCommon {
  flow: 'jwt';
  loginUrl: string;
  clientId: string | null;
  username: string;
  keyFile: string;
}

export interface ClientCredentialsLogin extends LoginCommon {
  flow: 'client-credentials';
  instanceUrl: string;
  clientId: string | null;
  clientSecret: string;
}

/** `clientId` null: the configured one; CLIENT_ID_MISSING (exit 2) where there is none either. */
export type LoginOptions = BrowserLogin | AccessTokenLogin | JwtLogin | ClientCredentialsLogin;

export type LoginEvent =
  /** The URL to open; always sent in the browser flow, before the browser is opened. */
  | { event: 'login:url'; url: string; redirectUri: string }
  /** No browser could be opened; the URL stays valid. */
  | { event: 'login:browser-failed'; message: string };

export interface LoginResult {
  org: {
    instanceUrl: string;
    /** Where calls go; differs from `instanceUrl` where the org answers at a new address and has not been moved. */
    apiUrl?: string;
    orgId: string;
    userId: string;
    username: string;
    alias: string | null;
    sync: boolean;
    grant: GrantKind;
  };
  /** The address that the org was connected under before it was moved by `--move`; null where it was not. */
  movedFrom?: string | null;
}

export interface LogoutOptions {
  org: string | null;
  all: boolean;
  deleteData: boolean;
  force: boolean;
}

export interface LogoutResult {
  orgs: LogoutItem[];
}

export interface LogoutItem {
  instanceUrl: string;
  username: string;
  alias: string | null;
  /** Whether Salesforce confirmed the revocation; null where the grant has nothing to revoke. */
  revoked: boolean | null;
  credentialRemoved: boolean;
  dataDeleted: boolean;
  /** Why the revocation failed, or why the org could not be logged out. */
  error: ErrorInfo | null;
}
