import type { CallOptions } from './call-options.ts';
import type { ObjectDescribe } from './field.ts';
import type { IngestJobs } from './ingest-jobs.ts';
import type { PageBody } from './page.ts';
import type { RecordChanges } from './record-changes.ts';
import type { RecordWrites } from './record-writes.ts';

/** The records of one object in the org. */
export interface RemoteRecords {
  readonly changes: RecordChanges;
  readonly writes: RecordWrites;
  readonly ingest: IngestJobs;
  /** 'not-modified' only where `ifModifiedSince` was given. */
  describe(
    options?: CallOptions & { ifModifiedSince?: string | null },
  ): Promise<ObjectDescribe | 'not-modified'>;
  /** How many there are; `where`: a condition in SOQL. */
  count(where: string | null, options?: CallOptions): Promise<number>;
  /** By ids, 2,000 at most. */
  retrieve(ids: readonly string[], fields: readonly string[], options?: CallOptions): Promise<PageBody>;
}
