import type { Emulation } from './emulation.ts';

/** What the control surface may do to the emulator. */
export interface ControlHost {
  readonly emulation: Emulation;
  /** Back to the start: rows, schema, settings, clock, logins, jobs, faults, counters. */
  reset(): Promise<void>;
  jwtPrivateKey(): Promise<string>;
}
