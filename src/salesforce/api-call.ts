import type { WireRequest } from '../wire/exchange.ts';
import type { AnswerBounds } from './answer-bounds.ts';
import type { CallKind } from './api-gate.ts';
import type { FailureStage } from './repeat-policy.ts';

export interface ApiRequest {
  kind: CallKind;
  method: WireRequest['method'];
  /** Path and query on the org's own origin. */
  path: string;
  headers?: Record<string, string>;
  body?: WireRequest['body'];
  /** Of an answer that is read whole; `small` by default. */
  bounds?: AnswerBounds;
  /** See `PageOptions` of the port. */
  whenCrowded?: 'repeat' | 'throw';
  /** Asked last before the request leaves, again before it leaves once more. What it throws ends the call unsent. */
  confirm?: () => Promise<void>;
  signal?: AbortSignal;
}

export interface ApiAnswer {
  status: number;
  header(name: string): string | null;
  /** The org's time when the request was sent. */
  readAt: number;
  /** The `Date` header, ms since 1970; null where there was none. */
  date: number | null;
}

export interface WholeAnswer extends ApiAnswer {
  text: string;
  /** From sending to the end of the answer, monotonic. */
  durationMs: number;
}

export interface StreamAnswer extends ApiAnswer {
  /** Its body as it comes, which may hold so many bytes; must be read or dropped. Fails as the call itself does. */
  blocks(maxBytes: number): AsyncIterable<Uint8Array<ArrayBuffer>>;
  drop(): void;
}

export type Attempt<A extends ApiAnswer> =
  | { ok: true; answer: A }
  | {
      ok: false;
      error: Error;
      stage: FailureStage;
      /** The error answer's body, where one came. */
      refusal?: { contentType: string | null; body: string };
    };

/** Method and path without the query, which may hold the user's data. */
export function requestLabel(request: ApiRequest): string {
  return `${request.method} ${request.path.split('?', 1)[0]}`;
}
