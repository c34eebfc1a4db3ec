import type { ConflictPolicy } from '../../org/conflict-policy.ts';

/** What a person has set for one org. */
export interface TwoWay {
  /** Programs may write to the view `contacts`. */
  on: boolean;
  conflicts: ConflictPolicy;
}
