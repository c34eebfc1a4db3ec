import { isAbort, throwIfAborted } from '../base/abort.ts';
import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { type AppError, isAppError, messageOf } from '../base/errors.ts';
import { Grace } from '../base/grace.ts';
import type { Logger } from '../base/logger.ts';
import type { Wire } from '../wire/open-wire.ts';
import { assertSameUser } from './assert-same-user.ts';
import { confirmInstanceUrl } from './confirm-instance-url.ts';
import type { Credential } from './credential.ts';
import type { CredentialStore } from './credential-store.ts';
import { loginRequired } from './grant/login-required.ts';
import { OfferedGrant } from './offered-grant.ts';
import { refreshLockName, refreshLockTimeoutMs } from './refresh-lock.ts';
import type { RenewalOutcome } from './renew-credential.ts';
import { forgedAddress, renewedForTooLong } from './renewal-errors.ts';
import type { Session } from './session.ts';
import { SharedWork } from './shared-work.ts';
import { StoredPlace } from './stored-place.ts';
import type { WithLock } from './with-lock.ts';

export interface SessionParts {
  /**
   * How long a renewal that has left may take from `stop` on, at the latest from `close` on, ms. Then it is cut, and
   * with it a rotated token may be lost. Without it for as long as that takes.
   */
  closeWithinMs?: number;
  /** Aborts when the work that the session is for is to end. */
  stop?: AbortSignal;
  store: CredentialStore;
  /** Its locks must lie with the credential store, so that all who share the credential share the lock. */
  withLock: WithLock;
  wire: Wire;
  clock: Clock;
  log: Logger;
  /** The grant is gone: whoever keeps the registry marks the org. */
  onLoginNeeded?: (error: AppError) => Promise<void>;
  /** The org's My Domain was renamed; calls use the new address at once. */
  onRenamed?: (change: { from: string; to: string }) => Promise<void>;
}

/** Opens a session on a credential that lies in the store. Asks nobody until a token is rejected. */
export function openSession(credential: Credential, parts: SessionParts): Session {
  return new StoredSession(credential, parts);
}

const storeAgain = { baseMs: 250, maxMs: 30_000 };
/** Another refresh of the same token takes seconds; past this the caller is told to come back later. */
const race = { baseMs: 1_000, maxMs: 8_000 };
const raceMs = 30_000;
/** For the lock of a renewal that was cut, which lies on a disk. */
const afterCutMs = 1_000;

/** Its fields are private to the engine too, so that a session that is logged or serialised shows no token. */
class StoredSession implements Session {
  readonly #parts: SessionParts;
  #current: Credential;
  readonly #place: StoredPlace;
  readonly #grant: OfferedGrant;
  readonly #renewal = new SharedWork<string>();
  readonly #closing = new AbortController();
  /** Its signal cuts a renewal that has left. */
  readonly #grace: Grace;
  /** Work under the refresh lock, which may go on after its caller was answered or has gone. */
  readonly #leases = new Set<Promise<void>>();
  /** True while this process holds the refresh lock with a credential that the store does not take. */
  #unsaved = false;
  #fromMemory: Promise<string> | null = null;

  constructor(credential: Credential, parts: SessionParts) {
    this.#current = credential;
    this.#parts = parts;
    this.#place = new StoredPlace(parts.store, credential.instanceUrl);
    const { closeWithinMs = Number.POSITIVE_INFINITY, stop } = parts;
    const ending = stop ? AbortSignal.any([stop, this.#closing.signal]) : this.#closing.signal;
    this.#grace = new Grace(ending, closeWithinMs, 'The work was ended before the login was renewed.');
    this.#grace.signal.addEventListener('abort', () => this.#tellCut(), { once: true });
    this.#grant = new OfferedGrant({ ...parts, place: this.#place, signal: this.#grace.signal });
  }

  get instanceUrl(): string {
    return this.#current.instanceUrl;
  }

  get orgId(): string {
    return this.#current.orgId;
  }

  get userId(): string {
    return this.#current.userId;
  }

  get username(): string {
    return this.#current.username;
  }

  get apiUrl(): string {
    return this.#current.apiUrl;
  }

  async accessToken({ signal }: { signal?: AbortSignal } = {}): Promise<string> {
    throwIfAborted(signal);
    return this.#current.accessToken === '' ? this.renew('', { signal }) : this.#current.accessToken;
  }

  async renew(rejectedToken: string, { signal }: { signal?: AbortSignal } = {}): Promise<string> {
    throwIfAborted(signal);
    if (this.#current.accessToken !== rejectedToken) return this.#current.accessToken;
    return this.#renewal.join((signal) => this.#replace(rejectedToken, signal), signal);
  }

  async close(): Promise<void> {
    using _grace = this.#grace;
    this.#closing.abort();
    if (this.#leases.size === 0) return;
    // A store that hangs as well is not waited for.
    using last = new Grace(this.#grace.signal, afterCutMs, 'The session was closed.');
    const tooLate = new Promise<unknown>((resolve) =>
      last.signal.addEventListener('abort', resolve, { once: true }),
    );
    await Promise.race([Promise.allSettled(this.#leases), tooLate]);
  }

  #tellCut(): void {
    if (this.#leases.size === 0) return;
    this.#parts.log.warn(
      'A renewal of the login was not answered in time and is given up; the next start may need a login.',
      {
        instanceUrl: this.instanceUrl,
      },
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * `signal` ends waits, for the lock and between two tries: a renewal that was sent is finished, or its token would be
   * lost. Only the session's own grace cuts it.
   */
  async #replace(rejectedToken: string, signal: AbortSignal): Promise<string> {
    if (this.#unsaved) return this.#renewUnsaved();
    // Most waiters find the work done when they look, and need no lock.
    const stored = await this.#place.read();
    if (stored !== null && replaces(stored, rejectedToken)) return this.#adopt(stored);
    const wanted = AbortSignal.any([signal, this.#closing.signal]);
    return new Promise<string>((resolve, reject) => {
      const lease = this.#parts
        .withLock(refreshLockName(this.orgId), () => this.#renewUnderLock(rejectedToken, resolve, wanted), {
          signal: wanted,
          timeoutMs: refreshLockTimeoutMs,
        })
        .catch((error: unknown) =>
          reject(
            isAppError(error, 'LOCK_TIMEOUT')
              ? renewedForTooLong(this.instanceUrl, error, error.details?.holder ?? null)
              : error,
          ),
        )
        .finally(() => this.#leases.delete(lease));
      this.#leases.add(lease);
    });
  }

  async #renewUnderLock(
    rejectedToken: string,
    answer: (token: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, log } = this.#parts;
    const startedAt = clock.monotonicMs();
    for (let attempt = 0; ; attempt++) {
      const stored = await this.#place.read();
      if (stored === null)
        throw await this.#grant.tell(loginRequired(this.instanceUrl, { login: this.#current }));
      if (replaces(stored, rejectedToken)) return answer(await this.#adopt(stored));
      this.#place.renewsFrom(stored);
      if (attempt === 0) await this.#place.probeWritable();
      const outcome = await this.#grant.renew(stored, signal);
      if (outcome.status === 'renewed') return this.#keepAt(outcome, stored, answer);
      if (clock.monotonicMs() - startedAt >= raceMs) throw outcome.error;
      // Whoever refreshes the same token beside us may share the store, or only the token.
      log.debug('The login is being renewed elsewhere; waiting.', { instanceUrl: this.instanceUrl });
      await clock.sleep(backoffMs(attempt, race), { signal });
    }
  }

  /**
   * Keeps a renewal, and where it names another address, only takes that on the login host's own word. The new
   * tokens are stored first: asking uses one of them, and a kill in between must not lose a rotated one.
   */
  async #keepAt(
    { credential, namedUrl }: Extract<RenewalOutcome, { status: 'renewed' }>,
    former: Credential,
    answer: (token: string) => void,
  ): Promise<void> {
    const { wire, log } = this.#parts;
    const isElsewhere = namedUrl !== null && namedUrl !== credential.apiUrl;
    if (!isElsewhere || !(await this.#isStored(credential))) return this.#keep(credential, answer);
    // Cut, it is not confirmed; the tokens are kept all the same.
    const word = await confirmInstanceUrl(namedUrl, credential, { wire, signal: this.#grace.signal }).catch(
      () => 'unknown' as const,
    );
    if (word === 'confirmed') return this.#keep({ ...credential, apiUrl: namedUrl }, answer);
    if (word === 'forged') {
      await this.#place.put(former);
      throw forgedAddress(this.instanceUrl, namedUrl, credential);
    }
    log.warn(
      'A renewal of the login names another address of the org, which the login host does not confirm; calls stay where they are. Log in at the new address if the org has moved.',
      { instanceUrl: this.instanceUrl, named: namedUrl, loginUrl: credential.loginUrl },
    );
    return this.#keep(credential, answer);
  }

  async #isStored(credential: Credential): Promise<boolean> {
    try {
      return await this.#place.put(credential);
    } catch {
      // `#keep` stores again, and complains, or takes what another has stored.
      return false;
    }
  }

  /**
   * Stores before anybody uses it. Where the store fails although it had just proven writable, the credential is
   * used from memory and stored again and again until it is in or the session closes, with the lock held: another
   * process would offer the old refresh token, and Salesforce would revoke the whole family.
   */
  async #keep(renewed: Credential, answer: (token: string) => void): Promise<void> {
    let isStored: boolean | null = null;
    try {
      isStored = await this.#place.put(renewed);
    } catch (error) {
      this.#complain(error);
    }
    if (isStored !== null) return answer(isStored ? await this.#use(renewed) : await this.#takeStored());
    this.#unsaved = true;
    answer(await this.#use(renewed));
    let attempt = 0;
    do {
      await this.#pause(backoffMs(attempt++, storeAgain));
      if (await this.#storeCurrent()) return;
    } while (!this.#closing.signal.aborted);
    this.#unsaved = false;
    this.#parts.log.error('The new login could not be stored and ends with this process: log in again.', {
      instanceUrl: this.instanceUrl,
    });
  }

  async #storeCurrent(): Promise<boolean> {
    await this.#fromMemory?.catch(() => {});
    const wanted = this.#current;
    let isStored: boolean;
    try {
      isStored = await this.#place.put(wanted);
    } catch (error) {
      this.#complain(error);
      return false;
    }
    if (isStored && (this.#current !== wanted || this.#fromMemory !== null)) return false;
    this.#unsaved = false;
    if (!isStored) {
      await this.#takeStored();
      return true;
    }
    this.#parts.log.warn('The new login is stored now.', { instanceUrl: this.instanceUrl });
    return true;
  }

  async #takeStored(): Promise<string> {
    this.#parts.log.warn('Another process has renewed the login meanwhile; its token is used.', {
      instanceUrl: this.instanceUrl,
    });
    const stored = await this.#place.read();
    if (stored === null)
      throw await this.#grant.tell(loginRequired(this.instanceUrl, { login: this.#current }));
    return this.#adopt(stored);
  }

  /** A second renewal while the first is still unsaved: this process holds the lock already. */
  async #renewUnsaved(): Promise<string> {
    this.#fromMemory = this.#grant.renew(this.#current, this.#closing.signal).then((outcome) => {
      if (outcome.status === 'race') throw outcome.error;
      return this.#use(outcome.credential);
    });
    try {
      return await this.#fromMemory;
    } finally {
      this.#fromMemory = null;
    }
  }

  async #use(renewed: Credential): Promise<string> {
    const { apiUrl } = this.#current;
    this.#current = renewed;
    if (renewed.apiUrl !== apiUrl) await this.#parts.onRenamed?.({ from: apiUrl, to: renewed.apiUrl });
    return renewed.accessToken;
  }

  /** Takes what another process, or a new login, has stored meanwhile. */
  async #adopt(stored: Credential): Promise<string> {
    assertSameUser(this.#current, stored);
    return this.#use(stored);
  }

  #complain(error: unknown): void {
    this.#parts.log.error('The new login cannot be stored; it is kept in memory and stored again soon.', {
      instanceUrl: this.instanceUrl,
      reason: messageOf(error),
    });
  }

  /** Ends at once when the session closes. */
  async #pause(ms: number): Promise<void> {
    try {
      await this.#parts.clock.sleep(ms, { signal: this.#closing.signal });
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  }
}

function replaces(stored: Credential, rejectedToken: string): boolean {
  return stored.accessToken !== '' && stored.accessToken !== rejectedToken;
}
