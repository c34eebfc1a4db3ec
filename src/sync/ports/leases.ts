export interface LeaseHolder {
  pid: number;
  /** Another call of the process that asks. Its `pid` alone does not tell: containers number theirs each for itself. */
  isThisProcess: boolean;
  /** Milliseconds since 1970. */
  since: number;
  /** What it holds it for, where it said so. */
  purpose?: string;
}

/**
 * One taking of a name. It ends with `release`, or with its process, however that ends. Whoever is halted may lose it to
 * another without knowing; so all that is stored under it carries its fence.
 */
export interface Lease extends AsyncDisposable {
  readonly name: string;
  /** Whole and positive; greater than that of every earlier taking of the name, also of those before a restart. */
  readonly fence: number;
  /** Aborts, with AppError `LEASE_LOST` as its reason, soon after the lease is lost. */
  readonly lost: AbortSignal;
  /** Looks now. Throws AppError `LEASE_LOST`. For what no transaction guards, as the removal of a file. */
  confirm(): Promise<void>;
  /** Safe to call twice. */
  release(): Promise<void>;
}

export interface TakeOptions {
  /** What it is taken for, told to whoever asks. */
  purpose?: string;
  /** The fence is to be greater than this too, as a store may have seen more than is known here. */
  above?: number;
  signal?: AbortSignal;
}

export interface WaitOptions extends TakeOptions {
  /** Time between two tries, milliseconds; 25 unless told. */
  pollMs?: number;
  /** Gives up with AppError `LOCK_TIMEOUT` after so long; waits as long as it takes unless told. */
  timeoutMs?: number;
}

/** Names that one at a time holds, among all processes that share the same place. */
export interface Leases {
  /** Null when somebody holds it. Throws AppError `LOCKS_UNUSABLE` where none can be kept. */
  take(name: string, options?: TakeOptions): Promise<Lease | null>;
  /** Takes it as soon as it is free. Ends with an AbortError as soon as `signal` aborts. */
  wait(name: string, options?: WaitOptions): Promise<Lease>;
  /** Who holds it now, as far as is known; null when it is free. Information for people, nothing to decide on. */
  holderOf(name: string): Promise<LeaseHolder | null>;
}
