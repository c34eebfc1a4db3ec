import { describe, expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import { killed } from './killed.ts';
import { openRig } from './rig.ts';

/** 200 kills in the deep run, a tenth in the common one. */
const kills = repeats(20);

describe('pushes that are killed', () => {
  it(`make each contact once, ${kills} times at random instants, with answers lost besides`, async () => {
    await using rig = await openRig({ contacts: 5 });
    const { url, accessToken } = rig.emulator;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await control(url, 'settings', { latencyMs: 3 });
    const { outbox } = rig.context.mirror;
    const rounds = fc.sample(
      fc.record({
        // Few go one by one with an Idempotency-Key, many in collections.
        count: fc.constantFrom(1, 12, 26, 230),
        afterMs: fc.nat({ max: 150 }),
        fault: fc.constantFrom(
          null,
          { reset: 'after-commit' },
          { status: 503, afterCommit: true },
          { reset: 'before' },
        ),
      }),
      kills,
    );
    let underWay = 0;
    for (const [round, { count, afterMs, fault }] of rounds.entries()) {
      const faults =
        fault === null ? [] : [{ match: 'POST .*(ui-api/records|composite/sobjects$)', ...fault }];
      await control(url, 'faults', faults);
      const args = [url, accessToken, rig.folder, `Kill${round}`, String(count)];
      if (await killed('push-child.ts', args, afterMs)) underWay++;
      await control(url, 'faults', []);
      await runCycle(rig.context, { push: true, signal: rig.signal });
    }
    const entries = await outbox.list();
    const made = Map.groupBy(await contactsOf(url), ({ LastName }) => String(LastName));
    for (const { changes, state, contactId } of entries) {
      const contacts = made.get(String(changes.LastName)) ?? [];
      expect(['done', 'in-doubt'], String(changes.LastName)).toContain(state);
      expect(contacts.length, String(changes.LastName)).toBeLessThanOrEqual(1);
      if (state === 'done') expect(contacts.map(({ Id }) => Id)).toEqual([contactId]);
    }
    expect(entries.length).toBeGreaterThan(kills / 2);
    expect(underWay).toBeGreaterThan(kills / 3);
  }, 900_000);
});
