import type { OutboxOp } from '../../ports/outbox-entry.ts';
import type { StagingFault } from '../../ports/outbox-staging.ts';
import type { PushRecord } from './push-record.ts';

/** One record under check. */
export interface RecordCheck {
  record: PushRecord;
  members: [name: string, value: unknown][];
  op: OutboxOp;
  changes: Record<string, unknown>;
  /** See `StagingRecord`. */
  alike: Record<string, string> | null;
  faults: StagingFault[];
}
