/** Whose value stays where Salesforce has changed a field that a program has changed too. */
export type ConflictPolicy = 'salesforce-wins' | 'local-wins' | 'manual';

/** What a person has set for one org. */
export interface TwoWay {
  /** Programs may write to the view `contacts`. */
  on: boolean;
  conflicts: ConflictPolicy;
}
