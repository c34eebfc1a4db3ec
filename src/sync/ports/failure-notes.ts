/** What the last try of a watch came to with an org, where it failed. */
export interface FailureNote {
  code: string;
  message: string;
  hint: string | null;
  /** When the first of the failed tries in a row failed, and the last one: ms since 1970. */
  since: number;
  at: number;
  /** In a row. */
  failures: number;
  /** When it is tried again, ms since 1970; null where nothing but a person, or another watch, brings that about. */
  retryAt: number | null;
  /** The watch that tells it, as whoever asks for the holder of the watch's lease sees it; null where that is not known. */
  watch: { pid: number; since: number } | null;
}

/**
 * One note for each org, beside the mirror, for failures that can be stored nowhere else: a full disk, a mirror that
 * cannot be opened, an org that nobody reaches. For people, nothing to decide on; so nothing here throws.
 */
export interface FailureNotes {
  /** While there is room: a note that is written later takes none. */
  makeRoom(instanceUrl: string): void;
  /** `null`: there is nothing to tell any more. */
  write(instanceUrl: string, note: FailureNote | null): void;
  read(instanceUrl: string): FailureNote | null;
}
