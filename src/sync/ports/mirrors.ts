import type { StoredMirror } from './stored-mirror.ts';

export interface OpenOptions {
  /** Make the mirror where there is none. */
  create: boolean;
  /** Ends the waits for another program's write lock. */
  signal?: AbortSignal;
}

/** An old mirror that was put aside. */
export interface ArchivedMirror {
  path: string;
  /** ms since 1970. */
  archivedAt: number;
  /** With the log that may lie beside it. */
  bytes: number;
}

export interface ReplaceOptions {
  /** Although the old mirror is another org's and has open entries in its outbox, or is a newer version's. */
  force: boolean;
  signal?: AbortSignal;
}

/** The mirrors of one installation. One org's is opened once, however often it is asked for. */
export interface Mirrors extends AsyncDisposable {
  pathOf(instanceUrl: string): string;
  exists(instanceUrl: string): boolean;
  /** Throws AppError `NO_MIRROR` where there is none and `create` is not set. Dispose it after use. */
  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /** Moves the mirror away and returns its new path. It must not be open. */
  archive(instanceUrl: string): Promise<string>;
  /** What was archived of this org, the newest first. */
  archives(instanceUrl: string): ArchivedMirror[];
  removeArchive(path: string): void;

  /** Whether a fresh copy lies beside the mirror, under way or interrupted. */
  hasCopy(instanceUrl: string): boolean;
  /** The copy beside the mirror, which readers of mirrors do not see. */
  openCopy(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /** It must not be open. */
  removeCopy(instanceUrl: string): void;
  /**
   * Archives the mirror and puts the contents of the copy in its place, in one transaction for its readers. The caller
   * holds the org's lock and its drain lock, and removes the copy afterwards. Returns the archive's path, null where
   * there was no mirror.
   */
  replaceByCopy(instanceUrl: string, options: ReplaceOptions): Promise<string | null>;

  /**
   * Gives the mirror, and all that was archived of it, the name of another address; what has that name already stays.
   * Neither must be open.
   */
  move(from: string, to: string): Promise<void>;
  /** Deletes the mirror, a copy beside it and all that was archived of this org. It must not be open. */
  remove(instanceUrl: string): Promise<void>;
}
