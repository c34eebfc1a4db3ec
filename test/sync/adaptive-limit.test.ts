import { describe, expect, it } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { AppError } from '../../src/base/errors.ts';
import { AdaptiveLimit } from '../../src/sync/adaptive-limit.ts';

/** Time passes only when all wait: it jumps to the end of the sleep that ends first. */
function jumpingClock() {
  let now = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  return {
    monotonicMs: () => now,
    sleep: (ms: number, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        sleepers.push({ at: now + ms, wake: resolve });
      }),
    async runUntil(work: Promise<unknown>): Promise<void> {
      let ended = false;
      const end = () => {
        ended = true;
      };
      work.then(end, end);
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        if (ended) return;
        sleepers.sort((a, b) => a.at - b.at);
        const next = sleepers.shift();
        if (next === undefined) throw new Error('All wait for ever.');
        now = next.at;
        next.wake();
      }
    },
  };
}

const refused = (details: object = {}) =>
  new AppError('REQUEST_LIMIT_EXCEEDED', 'Too much at once.', {
    details: { limit: 'concurrent', ...details },
  });

/** An org that works on `places` requests at once, for 20.5 s each, and refuses further ones at once. */
function slowOrg(places: number) {
  const clock = jumpingClock();
  const org = { underWay: 0, answered: 0, refusals: 0 };
  const ask = async () => {
    if (org.underWay >= places) {
      org.refusals++;
      throw refused();
    }
    org.underWay++;
    await clock.sleep(20_500);
    org.underWay--;
    org.answered++;
  };
  return { clock, org, ask };
}

describe('the adaptive limit', () => {
  const { signal } = new AbortController();

  it('settles at what a slow org lets through, and all of the work is done', async () => {
    const { org, ask, clock } = slowOrg(5);
    const limit = new AdaptiveLimit(12, clock);
    const work = Promise.all(Array.from({ length: 200 }, () => limit.run(ask, { signal })));
    await clock.runUntil(work);
    await work;
    expect(org.answered).toBe(200);
    expect(limit.current).toBeGreaterThanOrEqual(4);
    expect(limit.current).toBeLessThanOrEqual(6);
    expect(org.refusals).toBeLessThan(60);
    // 200 requests, five at a time, would take 820 s.
    expect(clock.monotonicMs()).toBeLessThan(1_100_000);
  });

  it('halves once for a burst of refusals', async () => {
    const { clock } = slowOrg(0);
    const limit = new AdaptiveLimit(12, clock);
    let asked = 0;
    const after: number[] = [];
    const work = Promise.all(
      Array.from({ length: 12 }, () =>
        limit.run(
          async () => {
            if (++asked <= 12) throw refused();
            after.push(limit.current);
          },
          { signal },
        ),
      ),
    );
    await clock.runUntil(work);
    await work;
    expect(after[0]).toBe(6);
  });

  it('gives up with the refusal itself after ten minutes in which nothing got through', async () => {
    const { org, ask, clock } = slowOrg(0);
    let told = 0;
    const limit = new AdaptiveLimit(12, clock, () => told++);
    const work = Promise.allSettled(Array.from({ length: 12 }, () => limit.run(ask, { signal })));
    await clock.runUntil(work);
    for (const result of await work) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'REQUEST_LIMIT_EXCEEDED' } });
    }
    expect(told).toBe(1);
    expect(limit.current).toBe(1);
    expect(org.refusals).toBeLessThan(12 * 60);
    expect(clock.monotonicMs()).toBeGreaterThan(500_000);
    expect(clock.monotonicMs()).toBeLessThanOrEqual(600_000);
  });

  it('sits out a Retry-After of minutes, and not one of an hour', async () => {
    const { clock } = slowOrg(0);
    const limit = new AdaptiveLimit(2, clock);
    const answers = [refused({ retryAfterMs: 120_000 }), null, refused({ retryAfterMs: 3_600_000 })];
    const ask = async () => {
      const answer = answers.shift();
      if (answer) throw answer;
    };
    const first = limit.run(ask, { signal });
    await clock.runUntil(first);
    await first;
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(120_000);
    await expect(limit.run(ask, { signal })).rejects.toMatchObject({ code: 'REQUEST_LIMIT_EXCEEDED' });
  });

  it('ends at once for all that wait when the work is aborted', async () => {
    const { clock } = slowOrg(0);
    const controller = new AbortController();
    const limit = new AdaptiveLimit(1, clock);
    const ask = async () => {
      throw refused();
    };
    const work = Promise.allSettled(
      Array.from({ length: 5 }, () => limit.run(ask, { signal: controller.signal })),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(abortReason());
    for (const result of await work) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
    }
    expect(clock.monotonicMs()).toBe(0);
  });
});
