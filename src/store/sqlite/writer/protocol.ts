import type { Connection } from '../../../sqlite/connection.ts';
import type { Effect } from '../../../sync/ports/effect.ts';
import type { BatchOutcome } from '../../../sync/ports/mirror.ts';
import type { PageBody, Tombstone } from '../../../sync/ports/page.ts';
import type { Fence } from '../../write-kinds.ts';
import type { calls } from './calls.ts';

/** What a page's stream is, without the stream. `readAt` and `answeredAt` in ms since 1970. */
export type PageHead = Pick<
  PageBody,
  'format' | 'fields' | 'expectedRows' | 'mostRows' | 'ids' | 'readAt'
> & { object: string; partial: boolean };

export interface BatchOrder {
  /** Whose rows and state it is of. */
  object: string;
  /** A page that was begun and whose blocks are all in. */
  page: number | null;
  answeredAt: number;
  tombstones: readonly Tombstone[];
  effects: readonly Effect[];
}

/** What the writer thread does for a page on its way in. */
export interface PageCalls {
  beginPage(page: number, head: PageHead): void;
  addBlock(page: number, block: Uint8Array<ArrayBuffer>): void;
  /**
   * One transaction, whose last statement checks the fences. Throws where the order's page is not complete. May be asked
   * again; a page that is stored is gone here.
   */
  commit(order: BatchOrder): BatchOutcome;
  /** For a page that is not stored. */
  dropPage(page: number): void;
}

type OnMirror = typeof calls;

/** Everything that a writer thread can be asked to do with one mirror. */
export type MirrorCalls = PageCalls & {
  [K in keyof OnMirror]: OnMirror[K] extends (
    db: Connection,
    fences: readonly Fence[],
    ...args: infer A
  ) => infer R
    ? (...args: A) => R
    : never;
};

export type CallName = keyof MirrorCalls;

interface OwnCalls {
  open(path: string, create: boolean): void;
  close(): void;
}

/** Main thread → writer thread. `open` and `close` are of the file itself; `mirror` names it on the thread. */
export type WriterRequest =
  | { [K in keyof OwnCalls]: RequestOf<K, Parameters<OwnCalls[K]>> }[keyof OwnCalls]
  | { [K in CallName]: RequestOf<K, Parameters<MirrorCalls[K]>> }[CallName];

interface RequestOf<K, A> {
  id: number;
  mirror: string;
  call: K;
  args: A;
  /** The file that the mirror lies in, where it may not be open on the thread yet: it is opened first. */
  path?: string;
  /** Of the leases that a transaction is made under. */
  fences: readonly Fence[];
}

/** The last message to a thread: close what is open, then end. */
export const endOfThread = 'end';

export interface WriterFault {
  /** AppError's code; null for any other error. */
  code: string | null;
  message: string;
  hint: string | undefined;
  details: unknown;
}

/** Writer thread → main thread. */
export type WriterAnswer = { id: number; value: unknown } | { id: number; fault: WriterFault };
