import { describe, expect, test } from 'vitest';
import { readState, type StateTuple } from '../../../src/store/sqlite/merge/row-state.ts';
import type { RowState } from '../../../src/sync/merge/evidence.ts';
import { nothingKnown } from '../../../src/sync/merge/evidence.ts';
import { mergeBurial, mergeLive } from '../../../src/sync/merge/merge-evidence.ts';
import type { Gone } from '../../../src/sync/ports/page.ts';
import { repeats } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { batchOf, goneOf, iso, masterOf } from './batch-of-read.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { contacts, type History, histories, type Read, shuffledReads } from './org-history.ts';
import { contactId, epoch } from './pages.ts';
import { openTempMirror, type TempMirrors } from './temp-mirrors.ts';

interface Known {
  state: RowState;
  value: number | null;
}

/** The rule alone, on plain objects. */
function applyPlainly(reads: readonly Read[]): Map<number, Known> {
  const mirror = new Map<number, Known>();
  for (const { kind, sent, answered, sights } of reads) {
    for (const { contact, seen } of sights) {
      const known = mirror.get(contact) ?? { state: nothingKnown, value: null };
      const gone = goneOf(seen);
      const live = { stamp: iso(seen.stamp), readAt: iso(sent) };
      const hasStamp = gone === 'deleted' || gone === 'merged';
      const burial = {
        gone: gone ?? 'deleted',
        stamp: hasStamp ? live.stamp : null,
        evidenceAt: iso(answered),
        masterRecordId: masterOf(seen),
      };
      const { next, takes } =
        gone === null
          ? mergeLive(known.state, live)
          : mergeBurial(known.state, burial, kind === 'all' ? live : null);
      mirror.set(contact, {
        state: next,
        value: takes ? seen.value : next.stamp === null ? null : known.value,
      });
    }
  }
  return mirror;
}

function expectTruth(
  of: (contact: number) => { gone: Gone | null; value: number | null } | undefined,
  { end }: History,
) {
  for (let contact = 0; contact < contacts; contact++) {
    const truth = end.get(contact);
    const known = of(contact);
    if (truth === undefined) expect(known).toBeUndefined();
    else {
      // A deletion that was seen before the contact was hidden says more than the hiding.
      if (goneOf(truth) === 'hidden') expect(known?.gone).toMatch(/hidden|deleted|merged/);
      else expect(known?.gone).toBe(goneOf(truth));
      if (goneOf(truth) === null) expect(known?.value).toBe(truth.value);
      if (truth.state === 'purged') expect(known?.value).toBeNull();
    }
  }
}

describe('pages in any order, and twice', () => {
  test('the rule itself ends in the same state, and with a full read among them in the org’s own', () => {
    fc.assert(
      fc.property(
        histories.chain((history) => fc.tuple(fc.constant(history), shuffledReads(history.reads))),
        ([history, reads]) => {
          const inOrder = applyPlainly(history.reads);
          const mirror = applyPlainly(reads);
          expect([...mirror].sort(([a], [b]) => a - b)).toEqual([...inOrder].sort(([a], [b]) => a - b));
          expectTruth((contact) => {
            const known = mirror.get(contact);
            return known && { gone: known.state.gone, value: known.value };
          }, history);
        },
      ),
      { numRuns: repeats(20_000) },
    );
  });

  test('and so does a mirror', async () => {
    await using temp = await openTempMirror();
    await temp.mirror.schema.applyDescribe(describeOf(), epoch);
    // Each application has contacts of its own in the one mirror.
    let base = 0;
    const apply = (reads: readonly Read[]) => {
      base += 10;
      return applyToMirror(temp, reads, base);
    };
    await fc.assert(
      fc.asyncProperty(
        histories.chain((history) => fc.tuple(fc.constant(history), shuffledReads(history.reads))),
        async ([history, reads]) => {
          const inOrder = await apply(history.reads);
          const mirror = await apply(reads);
          expect(mirror).toEqual(inOrder);
          expectTruth((contact) => mirror.get(contact), history);
          const states = [...mirror].map(([contact, { state }]) => [contact, state]);
          const plain = [...applyPlainly(reads)].map(([contact, { state }]) => [contact, state] as const);
          expect(states).toEqual(plain.sort(([x], [y]) => x - y));
        },
      ),
      { numRuns: repeats(200) },
    );
  });
});

test('a deletion that is proven at the very instant of the last reading is believed, one proven earlier is not', () => {
  const live = mergeLive(nothingKnown, { stamp: iso(1_000), readAt: iso(5_000) }).next;
  const buried = (at: number) =>
    mergeBurial(live, { gone: 'deleted', stamp: iso(1_000), evidenceAt: iso(at), masterRecordId: null }).next
      .gone;
  expect(buried(5_000)).toBe('deleted');
  expect(buried(4_999)).toBeNull();
});

interface MirrorRow {
  gone: Gone | null;
  value: number | null;
  state: RowState;
  cells: Record<string, unknown>;
}

async function applyToMirror(
  temp: TempMirrors,
  reads: readonly Read[],
  base: number,
): Promise<Map<number, MirrorRow>> {
  for (const read of reads) await temp.mirror.commit(batchOf(read, base));
  const columns = storedNames.map((name) => `c."${name}"`).join(', ');
  const rows = temp.sql<Record<string, unknown>>(
    `SELECT ${columns}, json_array(c.SystemModstamp, c._gone, c._read_at, c._value_at, x.at, c._deleted_stamp,
       c._deleted_at, c._purged_at, c._hidden_at, c.MasterRecordId) AS tuple
     FROM contact c LEFT JOIN contact_seen x ON x.id = c.Id WHERE c.Id BETWEEN ? AND ? ORDER BY c.Id`,
    contactId(base),
    contactId(base + contacts),
  );
  return new Map(
    rows.map(({ tuple, Id, ...cells }) => {
      const state = readState(JSON.parse(tuple as string) as StateTuple);
      const contact = Number.parseInt((Id as string).slice(3, 15), 36) - base;
      return [contact, { gone: state.gone, value: cells.Visits__c as number | null, state, cells }];
    }),
  );
}

test('values that are older by their stamp do not come back, though they were read later', () => {
  // A bulk job's page shows the org as it was when the job ran, however late it is fetched.
  const newer = mergeLive(nothingKnown, { stamp: iso(5_000), readAt: iso(6_000) });
  const { next, takes } = mergeLive(newer.next, { stamp: iso(2_000), readAt: iso(9_000) });
  expect(takes).toBe(false);
  expect(next.stamp).toBe(iso(5_000));
});
