import type { Answer } from './answer.ts';

/** A request from its arrival until its answer is out. */
export interface Visit {
  /** The answer, where it is refused for the sake of another one that is under way. */
  readonly refusal?: Answer;
  leave(): void;
}
