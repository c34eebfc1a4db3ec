import fc from 'fast-check';

/**
 * What a history is mostly about: how much oftener than usual each kind of thing happens in it. What must meet to do harm
 * meets seldom where everything is equally likely.
 */
export interface Emphasis {
  edits: number;
  deletes: number;
  fields: number;
  /** Transactions that stay open, and their commits. */
  transactions: number;
  /** Limits of the org. */
  limits: number;
  /** Sharing and formulas, where these change at all. */
  unstamped: number;
  copies: number;
  comparisons: number;
  /** Odd and lost answers. */
  faults: number;
}

const usually = fc.constantFrom(1, 1, 1, 4);
const orNever = fc.constantFrom(0, 1, 1, 1, 4);

export const emphasisArbitrary: fc.Arbitrary<Emphasis> = fc.record({
  edits: usually,
  deletes: usually,
  fields: orNever,
  transactions: usually,
  limits: orNever,
  unstamped: usually,
  copies: orNever,
  comparisons: orNever,
  faults: usually,
});
