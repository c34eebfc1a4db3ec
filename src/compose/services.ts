import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CredentialStore } from '../auth/credential-store.ts';
import type { LoginKeeping } from '../auth/keep-login.ts';
import { openCredentialStore } from '../auth/open-credential-store.ts';
import { refreshLockName, refreshLockTimeoutMs } from '../auth/refresh-lock.ts';
import type { Session } from '../auth/session.ts';
import type { WithLock } from '../auth/with-lock.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { CloseStack } from '../base/close-stack.ts';
import type { Logger } from '../base/logger.ts';
import type { Exposure } from '../base/private-path.ts';
import type { ApplicationConfig } from '../config/config.ts';
import type { AppIo } from '../contract/app.ts';
import { FailureNoteFiles } from '../lease/failure-note-files.ts';
import { openFileLeases } from '../lease/file-leases.ts';
import { openRegistry } from '../orgs/open-registry.ts';
import type { OrgRecord } from '../orgs/org-record.ts';
import type { Registry } from '../orgs/registry.ts';
import { registryFileName } from '../orgs/registry-fault.ts';
import { registryOpenedByUse } from '../orgs/registry-opened-by-use.ts';
import { SqliteCallLedger } from '../store/sqlite/calls/sqlite-call-ledger.ts';
import { holdsMirrors } from '../store/sqlite/mirror-path.ts';
import { openMirrors } from '../store/sqlite/open-mirrors.ts';
import { type BatchSizes, usualSizes } from '../sync/batch-sizes.ts';
import type { CallLedger } from '../sync/ports/call-ledger.ts';
import type { FailureNotes } from '../sync/ports/failure-notes.ts';
import type { Leases } from '../sync/ports/leases.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { Remote } from '../sync/ports/remote.ts';
import { withLease } from '../sync/with-lease.ts';
import type { Logins } from '../usecases/ports/logins.ts';
import type { OrgAccess, RemoteOptions } from '../usecases/ports/org-access.ts';
import type { OrgDirectory } from '../usecases/ports/org-directory.ts';
import { openWire, type Wire } from '../wire/open-wire.ts';
import { exposedFiles, keepFilesPrivate } from './private-files.ts';
import { processOrgRecord } from './process-org.ts';

/** Where no key is made by then, because the keychain has the credential, it is loaded all the same. */
const loadAheadMs = 150;

/**
 * The concrete parts that commands share, each opened by its first use and closed in the reverse order, so
 * that a command touches only what it needs.
 */
export class Services implements AsyncDisposable, OrgDirectory, OrgAccess {
  readonly config: ApplicationConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly sizes: BatchSizes = usualSizes;
  readonly #opened = new CloseStack();
  #registry: Registry | null = null;
  #leases: Leases | null = null;
  #credentialLeases: Leases | null = null;
  #credentials: CredentialStore | null = null;
  #wire: Wire | null = null;
  #mirrors: Mirrors | null = null;
  #calls: CallLedger | null = null;
  #isPrivate = false;
  #isLoadDue = false;
  readonly #inlineWrites: boolean;

  constructor(config: ApplicationConfig, { log, inlineWrites = false }: AppIo, clock: Clock = systemClock) {
    this.config = config;
    this.#inlineWrites = inlineWrites;
    this.log = log;
    this.clock = clock;
  }

  get registry(): Registry {
    if (this.#registry === null) {
      const registry = registryOpenedByUse(async () => {
        this.#keepPrivate();
        return openRegistry(this.config.dataDir);
      });
      this.#registry = this.#opened.use(registry);
    }
    return this.#registry;
  }

  async hasRegistry(): Promise<boolean> {
    return existsSync(join(this.config.dataDir, registryFileName));
  }

  async leftMirrors(): Promise<string | null> {
    return holdsMirrors(this.#mirrorsFolder) ? this.#mirrorsFolder : null;
  }

  get #mirrorsFolder(): string {
    return join(this.config.dataDir, 'orgs');
  }

  get hasProcessOrg(): boolean {
    return this.config.processOrg !== null;
  }

  async processOrg(): Promise<OrgRecord | null> {
    return processOrgRecord(this);
  }

  /** Leases of this data folder: one per org for watch and backfill, one for its outbox. */
  get leases(): Leases {
    this.#keepPrivate();
    this.#leases ??= openFileLeases(join(this.config.dataDir, 'locks'), { clock: this.clock });
    return this.#leases;
  }

  /** They lie with the leases, as they are told of a watch while it holds its own. */
  get failureNotes(): FailureNotes {
    this.#keepPrivate();
    return new FailureNoteFiles(join(this.config.dataDir, 'locks'));
  }

  /** The leases of renewals lie with the credentials: two data folders may share them. */
  readonly withCredentialLock: WithLock = (name, work, options) => {
    this.#credentialLeases ??= openFileLeases(join(this.config.credentialDir, 'locks'), {
      clock: this.clock,
    });
    return withLease(this.#credentialLeases, name, work, options);
  };

  get credentials(): CredentialStore {
    const { credentialStore: store, credentialDir } = this.config;
    this.#keepPrivate();
    this.#credentials ??= openCredentialStore({
      kind: store.kind,
      key: store.kind === 'file' ? (store.key ?? undefined) : undefined,
      keyFile: store.kind === 'file' ? (store.keyFile ?? undefined) : undefined,
      folder: credentialDir,
      withLock: this.withCredentialLock,
      whileDeriving: () => this.#loadNow(),
    });
    return this.#credentials;
  }

  readonly logins: Logins = {
    obtain: async (options, context) =>
      (await import('./obtain-credential.ts')).obtainCredential(this, options, context),
    keep: async (credential, options) =>
      (await import('../auth/keep-login.ts')).keepLogin(credential, { ...this.#keeping(), ...options }),
    forget: async (instanceUrl, options) =>
      (await import('../auth/keep-login.ts')).forgetLogin(instanceUrl, { ...this.#keeping(), ...options }),
    revoke: async (credential) => {
      await (await import('../auth/revoke.ts')).revokeCredential(credential, { wire: this.wire });
    },
    whileUnchanged: (orgId, work) =>
      this.withCredentialLock(refreshLockName(orgId), work, { timeoutMs: refreshLockTimeoutMs }),
  };

  #keeping(): Pick<LoginKeeping, 'store' | 'withLock' | 'wire'> {
    return {
      store: this.credentials,
      withLock: this.withCredentialLock,
      wire: this.wire,
    };
  }

  /** Sessions and the API are loaded by the first command that calls an org. */
  async openSession(org: OrgRecord, { signal }: { signal: AbortSignal }): Promise<Session> {
    return (await import('./org-access.ts')).openOrgSession(this, org, signal);
  }

  async openRemote(session: Session, options: RemoteOptions = {}): Promise<Remote> {
    return (await import('./org-access.ts')).openRemote(this, session, options);
  }

  /**
   * Loads what calls take, once whoever has asked for it waits: for the key of the credential, which is made on another
   * thread and takes a third of a second, or for an answer. It would keep that from beginning if it were loaded at once.
   */
  loadAhead(): void {
    this.#isLoadDue = true;
    setTimeout(() => this.#loadNow(), loadAheadMs).unref();
  }

  #loadNow(): void {
    if (!this.#isLoadDue) return;
    this.#isLoadDue = false;
    const load = async () => (await import('../salesforce/jsforce-call.ts')).loadJsforce();
    // What cannot be loaded is told by the first call.
    load().catch(() => {});
  }

  exposedFiles(): Exposure[] {
    return exposedFiles(this.config).map(({ exposure }) => exposure);
  }

  async hostTime(url: string, { signal }: { signal: AbortSignal }): Promise<number | null> {
    return (await import('./host-time.ts')).hostTime(this.wire, url, signal);
  }

  get wire(): Wire {
    if (this.#wire === null) {
      const { httpsProxy, noProxy } = this.config.proxy;
      const wire = openWire({ httpsProxy, noProxy: noProxy.join(',') });
      this.#wire = wire;
      this.#opened.defer(() => wire.close());
    }
    return this.#wire;
  }

  get calls(): CallLedger {
    if (this.#calls === null) {
      this.#keepPrivate();
      const warn = (message: string) => this.log.warn(message);
      const ledger = new SqliteCallLedger(this.config.dataDir, { now: () => this.clock.now(), warn });
      this.#calls = this.#opened.use(ledger);
    }
    return this.#calls;
  }

  get mirrors(): Mirrors {
    if (this.#mirrors === null) {
      this.#keepPrivate();
      const mirrors = openMirrors({
        folder: this.#mirrorsFolder,
        log: this.log,
        clock: this.clock,
        inlineWrites: this.#inlineWrites,
      });
      this.#mirrors = this.#opened.use(mirrors);
    }
    return this.#mirrors;
  }

  /**
   * For what a call leaves open with its result: `close` runs when the answered function is called, and at the latest
   * before what it stands on is closed. It runs once.
   */
  closeLater(close: () => void | Promise<void>): () => Promise<void> {
    return this.#opened.defer(close);
  }

  /** Before anything of this program's is read or written: what others may have changed is not to be trusted. */
  #keepPrivate(): void {
    if (this.#isPrivate) return;
    keepFilesPrivate(this.config, this.log);
    this.#isPrivate = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened[Symbol.asyncDispose]();
  }
}
