import type { ChunkPlace } from '../ports/effect.ts';
import type { PageKey } from '../ports/page.ts';
import type { ChunkState, StoredChunk } from '../ports/run.ts';
import type { CreatedSpan } from '../soql.ts';
import { progressOfOtherVersion, StoredObject } from './stored-object.ts';

/** A span of CreatedDate that is read by REST queries, in the order of (CreatedDate, Id). */
interface RestSpan {
  kind: 'rest-span';
  /** `expected`: records that the plan expects in it. */
  spec: CreatedSpan & { expected: number };
  /** The last row that is stored. */
  position: PageKey | null;
}

/** A span of CreatedDate that is read by a bulk job. */
interface BulkSpan {
  kind: 'bulk-span';
  spec: JobSpan;
  /** From the moment that there is a job. */
  position: SpanPosition | null;
}

/** A finished job whose pages are listed. It is done when they hold what it says it processed. */
interface BulkJob {
  kind: 'bulk-job';
  spec: FinishedJob;
  position: null;
}

/** One page of a finished job, known by its URL. */
interface BulkPage {
  kind: 'bulk-page';
  spec: FinishedJob & { url: string };
  position: null;
}

export interface JobSpan extends CreatedSpan {
  /** Jobs that were lost over it before. */
  attempt: number;
}

export interface SpanPosition {
  jobId: string;
  /** Set while pages are read one after the other: the locator of the next one. */
  locator: string | null;
  /** The last page is stored; only the job's sum is still to be compared. */
  ended: boolean;
}

export interface FinishedJob extends JobSpan {
  jobId: string;
  /** numberRecordsProcessed of the whole job. */
  jobRows: number;
}

type Work = RestSpan | BulkSpan | BulkJob | BulkPage;

/** A piece of a backfill that can be fetched, resumed and retried alone. */
export type Chunk<K extends Work['kind'] = Work['kind']> = Extract<Work, { kind: K }> & {
  id: number;
  runId: string;
  state: ChunkState;
  rows: number;
};

type NewOf<W> = W extends Work ? Pick<W, 'kind' | 'spec'> : never;
export type NewChunk = NewOf<Work>;

/** Where it stands, for the effects that advance it. */
export function placeOf({ rows, position }: Pick<Chunk, 'rows' | 'position'>): ChunkPlace {
  return { rows, isBegun: position !== null };
}

/** The door through which every stored chunk comes. Throws `PROGRESS_UNREADABLE`. Pure. */
export function parseChunk({ id, runId, kind, spec, position, state, rows }: StoredChunk): Chunk {
  const stored = { id, runId, state, rows };
  const what = new StoredObject(spec, `chunk ${id}`);
  const at = position === null ? null : new StoredObject(position, `the position of chunk ${id}`);
  switch (kind) {
    case 'rest-span':
      return {
        ...stored,
        kind,
        spec: { ...spanOf(what), expected: what.number('expected') },
        position: at && { createdDate: at.text('createdDate'), id: at.text('id') },
      };
    case 'bulk-span':
      return {
        ...stored,
        kind,
        spec: jobSpanOf(what),
        position: at && {
          jobId: at.text('jobId'),
          locator: at.textOrNull('locator'),
          ended: at.isTrue('ended'),
        },
      };
    case 'bulk-job':
      return { ...stored, kind, spec: finishedJobOf(what), position: null };
    case 'bulk-page':
      return { ...stored, kind, spec: { ...finishedJobOf(what), url: what.text('url') }, position: null };
    default:
      throw progressOfOtherVersion(`chunk ${id} (${kind})`);
  }
}

function spanOf(stored: StoredObject): CreatedSpan {
  return { lower: stored.timeOrNull('lower'), upper: stored.timeOrNull('upper') };
}

function jobSpanOf(stored: StoredObject): JobSpan {
  return { ...spanOf(stored), attempt: stored.number('attempt') };
}

function finishedJobOf(stored: StoredObject): FinishedJob {
  return { ...jobSpanOf(stored), jobId: stored.text('jobId'), jobRows: stored.number('jobRows') };
}
