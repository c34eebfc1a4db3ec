import type { Worker } from 'node:worker_threads';
import type { WriterAnswer } from './protocol.ts';

/** A writer thread, or what stands in for one, as far as its client deals with it. */
export interface WriterWorker extends Pick<Worker, 'postMessage' | 'ref' | 'unref' | 'terminate'> {
  on(event: 'message', listener: (answer: WriterAnswer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'exit', listener: () => void): unknown;
}
