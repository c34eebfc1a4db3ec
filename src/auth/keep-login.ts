import { sameId } from '../org/record-id.ts';
import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { refreshLockName, refreshLockTimeoutMs } from './refresh-lock.ts';
import { type RevokeOutcome, revokeCredential } from './revoke.ts';
import type { WithLock } from './with-lock.ts';

export interface LoginKeeping extends OAuthRequestOptions {
  store: CredentialStore;
  withLock: WithLock;
}

/**
 * Stores a fresh login, then revokes the grant that it replaces: Salesforce keeps five approvals per user and
 * app, and a sixth would end the oldest, wherever that is in use (Help 005316711). The new one is stored first,
 * so that a crash in between leaves a working login. `replaces` names other keys of the same org (renamed hosts).
 */
export async function keepLogin(
  credential: Credential,
  {
    store,
    withLock,
    replaces = [],
    onStored,
    ...options
  }: LoginKeeping & {
    replaces?: readonly string[];
    /** From here on it is the login of its org, whatever fails later. */
    onStored?: () => void;
  },
): Promise<{ revokedOld: RevokeOutcome | null }> {
  const { signal } = options;
  return withLock(
    refreshLockName(credential.orgId),
    async (held) => {
      await store.probeWritable();
      const old: Credential[] = [];
      for (const url of new Set([credential.instanceUrl, ...replaces])) {
        const found = await store.get(url);
        if (found !== null) old.push(found);
      }
      await held.confirm();
      try {
        await store.set(credential);
      } catch (error) {
        // A store may fail over what it does last, such as removing the parts of the former one.
        if (await holds(store, credential)) onStored?.();
        throw error;
      }
      onStored?.();
      let revokedOld: RevokeOutcome | null = null;
      for (const { instanceUrl } of old)
        if (instanceUrl !== credential.instanceUrl) await store.delete(instanceUrl);
      for (const [i, former] of old.entries()) {
        const isRevoked = old.slice(0, i).some((other) => sharesGrant(other, former));
        if (!isRevoked && !sharesGrant(former, credential))
          revokedOld = await revokeCredential(former, options);
      }
      return { revokedOld };
    },
    { signal, timeoutMs: refreshLockTimeoutMs },
  );
}

/** Removes the login here whatever Salesforce says, after telling Salesforce; both results are reported. */
export async function forgetLogin(
  instanceUrl: string,
  { store, withLock, ...options }: LoginKeeping,
): Promise<{ removed: boolean; revoked: RevokeOutcome }> {
  const { signal } = options;
  const known = await store.get(instanceUrl);
  if (known === null) return { removed: false, revoked: { status: 'nothing-to-revoke' } };
  return withLock(
    refreshLockName(known.orgId),
    async (held) => {
      // Read again: a renewal may have rotated the token while the lock was waited for.
      const credential = (await store.get(instanceUrl)) ?? known;
      const revoked = await revokeCredential(credential, options);
      // A login that came while this process was halted is another one.
      await held.confirm();
      return { removed: await store.delete(instanceUrl), revoked };
    },
    { signal, timeoutMs: refreshLockTimeoutMs },
  );
}

/** Where that cannot be told it is taken for stored: a login that nobody uses does less harm than one that is lost. */
async function holds(store: CredentialStore, credential: Credential): Promise<boolean> {
  const stored = await store.get(credential.instanceUrl).catch(() => credential);
  return stored !== null && sharesGrant(stored, credential);
}

/** Revoking what the new login still uses would end it at once. */
function sharesGrant(former: Credential, now: Credential): boolean {
  if (former.refreshToken !== null || now.refreshToken !== null) {
    return former.refreshToken === now.refreshToken;
  }
  return sameId(former.userId, now.userId) && former.accessToken === now.accessToken;
}
