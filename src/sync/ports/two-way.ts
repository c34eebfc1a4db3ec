import type { ConflictPolicy } from '../../org/conflict-policy.ts';

/** What a person has set for one org. */
export interface TwoWay {
  /** Programs may write to the view `contacts`. */
  on: boolean;
  conflicts: ConflictPolicy;
}

/** What one mirror does. */
export interface MirrorTwoWay extends TwoWay {
  /** False where nobody has told this mirror yet: it was made since, or anew. */
  isSet: boolean;
}
