import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { Semaphore } from '../../src/base/semaphore.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';

type Step =
  | { do: 'come'; weight: number }
  | { do: 'leave'; which: number }
  | { do: 'abort'; which: number }
  | { do: 'limit'; to: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('come' as const), weight: fc.integer({ min: 1, max: 7 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(50) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('limit' as const), to: fc.integer({ min: 1, max: 6 }) }),
    },
  ),
  { maxLength: 60 },
);

interface Visitor {
  weight: number;
  state: 'waits' | 'inside' | 'left' | 'aborted';
  controller: AbortController;
  leave: () => void;
}

/** What the rule says, worked out anew from the beginning of the line. */
class Model {
  limit: number;
  readonly visitors: Visitor[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get inside(): number {
    return this.visitors.reduce((sum, { state, weight }) => sum + (state === 'inside' ? weight : 0), 0);
  }

  serve(): void {
    for (const visitor of this.visitors) {
      if (visitor.state !== 'waits') continue;
      if (this.inside > 0 && this.inside + visitor.weight > this.limit) return;
      visitor.state = 'inside';
    }
  }
}

const pick = (from: readonly Visitor[], which: number) => from[which % Math.max(1, from.length)];

describe('the semaphore', () => {
  it('does what its rule says, whoever comes, leaves or aborts, and whatever the limit becomes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), steps, async (limit, all) => {
        const semaphore = new Semaphore(limit);
        const model = new Model(limit);
        const entered: Visitor[] = [];
        const refused: Visitor[] = [];
        for (const step of all) {
          const weighed = semaphore.inside;
          const { visitors } = model;
          if (step.do === 'come') {
            const visitor: Visitor = {
              weight: step.weight,
              state: 'waits',
              controller: new AbortController(),
              leave: () => {},
            };
            visitors.push(visitor);
            const { weight, controller } = visitor;
            semaphore.enter({ weight, signal: controller.signal }).then(
              (leave) => {
                visitor.leave = leave;
                entered.push(visitor);
              },
              () => refused.push(visitor),
            );
          } else if (step.do === 'leave') {
            const visitor = pick(
              visitors.filter(({ state }) => state === 'inside'),
              step.which,
            );
            if (visitor !== undefined) visitor.state = 'left';
            visitor?.leave();
            visitor?.leave();
          } else if (step.do === 'abort') {
            const visitor = pick(visitors, step.which);
            if (visitor?.state === 'waits') visitor.state = 'aborted';
            visitor?.controller.abort(abortReason());
          } else {
            semaphore.limit = step.to;
            model.limit = step.to;
          }
          model.serve();
          await setImmediate();
          expect(semaphore.inside).toBe(model.inside);
          // What comes in fits, or is alone; what was inside before a fall of the limit may stay.
          if (semaphore.inside > weighed) {
            const alone = visitors.filter(({ state }) => state === 'inside').length === 1;
            expect(alone || semaphore.inside <= model.limit).toBe(true);
          }
          const came = visitors.filter(({ state }) => state === 'inside' || state === 'left');
          const places = (some: readonly Visitor[]) => some.map((visitor) => visitors.indexOf(visitor));
          expect(places(entered)).toEqual(places(came));
          const gone = visitors.filter(({ state }) => state === 'aborted');
          expect(places(refused).toSorted((a, b) => a - b)).toEqual(places(gone));
        }
        // Nothing is lost: when all have left, all that wait come in.
        semaphore.limit = 1_000;
        await setImmediate();
        for (const visitor of entered) visitor.leave();
        expect(semaphore.inside).toBe(0);
        expect(entered.length + refused.length).toBe(model.visitors.length);
      }),
      { numRuns: repeats(200) },
    );
  });

  it('lets one that weighs more than the limit in alone', async () => {
    const semaphore = new Semaphore(10);
    const leave = await semaphore.enter({ weight: 500 });
    const order: string[] = [];
    const next = semaphore.enter({ weight: 1 }).then((out) => {
      order.push('next');
      return out;
    });
    await setImmediate();
    expect(order).toEqual([]);
    leave();
    (await next)();
    expect(semaphore.inside).toBe(0);
  });

  it('lets no small one overtake a large one that waits', async () => {
    const semaphore = new Semaphore(10);
    const leave = await semaphore.enter({ weight: 6 });
    const order: string[] = [];
    const large = semaphore.run(async () => void order.push('large'), { weight: 8 });
    const small = semaphore.run(async () => void order.push('small'), { weight: 1 });
    await setImmediate();
    expect(order).toEqual([]);
    leave();
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  it('lets those behind a large one come in when that one aborts', async () => {
    const semaphore = new Semaphore(10);
    const leave = await semaphore.enter({ weight: 6 });
    const stop = new AbortController();
    const large = semaphore.enter({ weight: 8, signal: stop.signal });
    const small = semaphore.enter({ weight: 1 });
    stop.abort(abortReason());
    await expect(large).rejects.toMatchObject({ name: 'AbortError' });
    (await small)();
    leave();
    expect(semaphore.inside).toBe(0);
  });

  it('lets nobody in whose signal has aborted before', async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.enter({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(semaphore.inside).toBe(0);
  });

  it('gives the place back when the work inside fails', async () => {
    const semaphore = new Semaphore(1);
    const failing = semaphore.run(async () => {
      throw new Error('It broke.');
    });
    await expect(failing).rejects.toThrow('It broke.');
    expect(semaphore.inside).toBe(0);
  });
});
