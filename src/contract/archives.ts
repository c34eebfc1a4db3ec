export interface ArchiveView {
  instanceUrl: string;
  path: string;
  archivedAt: string;
  bytes: number;
}

export interface ArchivesResult {
  /** Newest first, org by org. */
  archives: ArchiveView[];
}

export interface ArchivesPruneOptions {
  /** null: every connected org. */
  org: string | null;
  /** How many of each org stay, the newest ones. */
  keep: number;
}

export interface ArchivesPruneResult {
  removed: ArchiveView[];
  kept: ArchiveView[];
}
