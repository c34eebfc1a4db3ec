import type { SendWay, Settlement } from '../../sync/ports/outbox-entry.ts';

/** What is stored of a request: before it leaves, and once it is known what became of it. */
export type SendStep =
  | {
      kind: 'sent';
      keys: readonly string[];
      way: SendWay;
      at: number;
      orgAt: number | null;
      by: string | null;
      /** Id of the bulk job that carries it; null where none does. */
      job: string | null;
    }
  | { kind: 'settled'; settlements: readonly Settlement[] };
