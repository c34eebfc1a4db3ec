import type { OnSettled } from '../progress/tell-settled.ts';

export interface SendOptions {
  signal: AbortSignal;
  /** Aborts when an answer is waited for no more. */
  grace: AbortSignal;
  /** Throws where the lease that is sent under is lost. */
  confirm?: () => Promise<void>;
  onSettled?: OnSettled;
  /** How long an ingest job is waited for; as long as it takes unless told. */
  jobPatienceMs?: number;
}
