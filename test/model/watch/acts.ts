import fc from 'fast-check';
import type { Emphasis } from './emphasis.ts';
import { oneOf, weighted } from './weighted.ts';

/** A place in a list, whatever its length is then. */
export type Pick = number;

/** What happens in the org: by its users, its administrator or its servers. */
export type Act =
  | { act: 'create'; count: number; seed: number }
  | { act: 'edit'; picks: Pick[]; field: Pick; value: number }
  | { act: 'delete'; picks: Pick[] }
  | { act: 'undelete'; pick: Pick }
  | { act: 'merge'; picks: Pick[] }
  | { act: 'purge'; pick: Pick }
  | { act: 'delete-and-purge'; pick: Pick }
  | { act: 'hide'; picks: Pick[] }
  | { act: 'show'; pick: Pick }
  | { act: 'hide-all' }
  | { act: 'rename-account'; pick: Pick; value: number }
  | { act: 'add-field'; field: Pick; type: Pick }
  | { act: 'remove-field'; field: Pick }
  | { act: 'change-type'; field: Pick; type: Pick }
  | { act: 'hide-field'; field: Pick }
  | { act: 'show-field'; field: Pick }
  | {
      act: 'open-transaction';
      create: number;
      edit: Pick[];
      delete: Pick[];
      undelete: Pick | null;
      seed: number;
    }
  | { act: 'commit' }
  | { act: 'lag'; ms: number }
  | { act: 'limit'; limit: Pick }
  | { act: 'slow-jobs'; ms: number }
  | { act: 'busy-org'; used: Pick }
  | { act: 'forget-deletes'; hours: number }
  | { act: 'pass'; ms: number };

export type ActKind = Act['act'];

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const pick = fc.nat(997);
const picks = (maxLength: number) => fc.array(pick, { minLength: 1, maxLength });
const seed = fc.nat(9_999);

/** Moves of the clock, short ones mostly. The long ones are for histories that may leave what Salesforce remembers. */
export const passArbitrary = (isLong: boolean): fc.Arbitrary<Act> =>
  fc.record({
    act: fc.constant('pass' as const),
    ms: fc.oneof(
      weighted(4, fc.integer({ min: second, max: 3 * minute })),
      weighted(3, fc.integer({ min: 3 * minute, max: 2 * hour })),
      weighted(2, fc.integer({ min: 2 * hour, max: 3 * day })),
      ...(isLong ? [weighted(2, fc.integer({ min: 13 * day, max: 40 * day }))] : []),
    ),
  });

export interface ActOptions {
  /** Whether sharing and formulas change, which touches no stamp, so that cycles alone can never know of it. */
  sharing: boolean;
  emphasis: Emphasis;
}

export const actArbitrary = ({ sharing, emphasis: of }: ActOptions): fc.Arbitrary<Act> =>
  oneOf<Act>(
    weighted(
      6,
      fc.record({ act: fc.constant('create' as const), count: fc.integer({ min: 1, max: 6 }), seed }),
    ),
    weighted(
      14 * of.edits,
      fc.record({ act: fc.constant('edit' as const), picks: picks(6), field: pick, value: fc.nat(99) }),
    ),
    weighted(6 * of.deletes, fc.record({ act: fc.constant('delete' as const), picks: picks(3) })),
    weighted(4 * of.deletes, fc.record({ act: fc.constant('undelete' as const), pick })),
    weighted(
      3 * of.deletes,
      fc.record({
        act: fc.constant('merge' as const),
        picks: fc.array(pick, { minLength: 2, maxLength: 3 }),
      }),
    ),
    weighted(3 * of.deletes, fc.record({ act: fc.constant('purge' as const), pick })),
    weighted(2 * of.deletes, fc.record({ act: fc.constant('delete-and-purge' as const), pick })),
    weighted(2 * of.fields, fc.record({ act: fc.constant('add-field' as const), field: pick, type: pick })),
    weighted(1 * of.fields, fc.record({ act: fc.constant('remove-field' as const), field: pick })),
    weighted(1 * of.fields, fc.record({ act: fc.constant('change-type' as const), field: pick, type: pick })),
    weighted(1 * of.fields, fc.record({ act: fc.constant('hide-field' as const), field: pick })),
    weighted(1 * of.fields, fc.record({ act: fc.constant('show-field' as const), field: pick })),
    weighted(
      4 * of.transactions,
      fc.record({
        act: fc.constant('open-transaction' as const),
        create: fc.nat(2),
        edit: fc.array(pick, { maxLength: 2 }),
        delete: fc.array(pick, { maxLength: 1 }),
        undelete: fc.option<number>(pick),
        seed,
      }),
    ),
    weighted(4 * of.transactions, fc.record({ act: fc.constant('commit' as const) })),
    weighted(
      3 * of.transactions,
      fc.record({
        act: fc.constant('lag' as const),
        ms: fc.constantFrom(0, 300, 5 * second, 90 * second, 5 * minute),
      }),
    ),
    weighted(4 * of.limits, fc.record({ act: fc.constant('limit' as const), limit: pick })),
    weighted(1 * of.limits, fc.record({ act: fc.constant('busy-org' as const), used: pick })),
    weighted(1 * of.limits, fc.record({ act: fc.constant('forget-deletes' as const), hours: fc.nat(100) })),
    weighted(
      1 * of.copies,
      fc.record({ act: fc.constant('slow-jobs' as const), ms: fc.constantFrom(0, 20 * second, 30 * minute) }),
    ),
    ...(sharing
      ? [
          weighted(1 * of.unstamped, fc.record({ act: fc.constant('hide-all' as const) })),
          weighted(
            2 * of.unstamped,
            fc.record({ act: fc.constant('rename-account' as const), pick, value: fc.nat(9) }),
          ),
          weighted(3 * of.unstamped, fc.record({ act: fc.constant('hide' as const), picks: picks(2) })),
          weighted(2 * of.unstamped, fc.record({ act: fc.constant('show' as const), pick })),
        ]
      : []),
  );
