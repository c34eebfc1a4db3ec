import type { ContactDescribe } from '../../../sync/ports/field.ts';
import type { BatchOutcome, Effects, MirrorIdentity, SchemaChange } from '../../../sync/ports/mirror.ts';
import type { NewOutboxEntry, OutboxState, SendWay, Settlement } from '../../../sync/ports/outbox.ts';
import type { Brake } from '../../../sync/ports/outbox-intake.ts';
import type { PageBody, Tombstone } from '../../../sync/ports/page.ts';
import type { Chunk, NewChunk, RunKind, RunOutcome, RunStep } from '../../../sync/ports/run.ts';
import type { commitIntake, OpenPush } from '../commit-intake.ts';
import type { Replacement } from '../replace-contents.ts';

/** What a page's stream is, without the stream. `readAt` and `answeredAt` in ms since 1970. */
export type PageHead = Pick<
  PageBody,
  'format' | 'fields' | 'expectedRows' | 'mostRows' | 'ids' | 'readAt'
> & { partial: boolean };

export interface BatchOrder {
  /** A page that was begun and whose blocks are all in. */
  page: number | null;
  answeredAt: number;
  tombstones: readonly Tombstone[];
  effects: Effects;
}

/** What the writer thread does for one mirror. Each but the page's own is one transaction. */
export interface MirrorCalls {
  beginPage(page: number, head: PageHead): void;
  addBlock(page: number, block: Uint8Array<ArrayBuffer>): void;
  /** Throws where the page is not complete. */
  endPage(page: number): void;
  dropPage(page: number): void;
  commit(order: BatchOrder): BatchOutcome;

  setIdentity(identity: MirrorIdentity): void;
  applyDescribe(describe: ContactDescribe, at: number, only: readonly string[] | undefined): SchemaChange;
  ensureIndices(): void;
  ensureLookup(field: string): void;
  startRun(kind: RunKind, at: number, state: Record<string, unknown>): string;
  addStep(runId: string, step: RunStep): void;
  finishRun(runId: string, outcome: RunOutcome): void;
  addChunks(runId: string, chunks: readonly NewChunk[]): Chunk[];
  addApiCalls(hour: number, calls: number): void;
  saveMeta(key: string, value: string): void;
  /** Throws `MIRROR_CORRUPT`. Reads the whole file. */
  assertSound(): void;
  /** Puts the complete copy at `path` in place of the contents. */
  replaceContents(path: string, replacement: Replacement): void;

  /** `path`: the intake's file, whose records are all in. */
  commitIntake(path: string, brake: Brake, push: OpenPush): ReturnType<typeof commitIntake>;
  endPush(id: string): void;
  addEntries(entries: readonly NewOutboxEntry[]): void;
  markSent(keys: readonly string[], way: SendWay, at: number, orgAt: number | null): void;
  settle(settlements: readonly Settlement[]): void;
  moveEntries(keys: readonly string[], from: readonly OutboxState[], to: OutboxState, at: number): string[];
  clearReadBack(keys: readonly string[]): void;
}

export type CallName = keyof MirrorCalls;

/** Main thread → writer thread. `open` and `close` are of the file itself; `mirror` names it on the thread. */
export type WriterRequest =
  | { id: number; mirror: string; call: 'open'; args: [path: string, create: boolean] }
  | { id: number; mirror: string; call: 'close'; args: [] }
  | { id: number; mirror: string; call: CallName; args: unknown[] };

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
