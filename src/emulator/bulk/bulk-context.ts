import type { Actor } from '../engine/actor.ts';
import type { Agenda } from '../http/agenda.ts';
import type { HttpSettings } from '../http/http-settings.ts';
import type { Org } from '../org/org.ts';
import type { BulkJobs } from './bulk-jobs.ts';

/** What the bulk resources need of one emulator. */
export interface BulkHost {
  readonly org: Org;
  readonly settings: HttpSettings;
  readonly jobs: BulkJobs;
  readonly agenda: Agenda;
}

/** Who asks, in which version of the API. */
export interface BulkContext {
  readonly emulation: BulkHost;
  readonly actor: Actor;
  /** `62`. */
  readonly versionNumber: number;
  /** `62.0`. */
  readonly apiVersion: string;
  /** `/services/data/v62.0`. */
  readonly base: string;
}
