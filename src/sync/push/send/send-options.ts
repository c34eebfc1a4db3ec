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
  /** Sends what need not wait for a job, while one is waited for. */
  beside?: { look(): Promise<void> };
  /** Whether nobody waits for what the jobs of others come to. */
  isServed?: () => boolean;
}
