import type { Agenda } from './agenda.ts';
import type { ApiUsage } from './api-usage.ts';
import type { CallLog } from './call-log.ts';
import type { FaultPlan } from './fault.ts';
import type { HttpSettings } from './http-settings.ts';
import type { Waits } from './waits.ts';

/** What an exchange needs of one emulator. */
export interface HttpHost {
  /** It listens on. */
  readonly port: number;
  readonly settings: HttpSettings;
  readonly calls: CallLog;
  readonly faults: FaultPlan;
  readonly usage: ApiUsage;
  /** Work that is due at an instant of the org's clock. */
  readonly agenda: Agenda;
  /** Of requests that are held open. */
  readonly waits: Waits;
  readonly org: { readonly clock: { now(): number } };
  /** A reset that is under way: requests wait for its end, so that none sees half an org. */
  readonly resetting: Promise<void> | undefined;
}
