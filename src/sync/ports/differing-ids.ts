/** Ids of a run that changes nothing, the first of each kind; its counts say how many there are. */
export interface DifferingIds {
  missing: string[];
  stale: string[];
  /** Would be removed. */
  ghosts: string[];
  /** Would stay. */
  held: string[];
}
