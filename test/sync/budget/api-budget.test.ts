import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { MemoryCallLedger } from '../../../src/store/memory/memory-call-ledger.ts';
import { ApiBudget } from '../../../src/sync/budget/api-budget.ts';
import { slotOf, spanAt } from '../../../src/sync/budget/call-slots.ts';
import { callsIn } from '../../../src/sync/budget/share.ts';
import type { SlotCalls, Used } from '../../../src/sync/ports/call-ledger.ts';

const minute = 60_000;
const hour = 60 * minute;
const orgId = '00D000000000001AAA';
const exhausted = expect.objectContaining({ code: 'API_BUDGET_EXHAUSTED' });

/** An installation whose processes share a ledger and a clock, and the org that answers them. */
function installation(share = 0.25) {
  let now = Date.UTC(2026, 2, 4, 10, 1);
  const ledger = new MemoryCallLedger();
  const waits: number[] = [];
  const sleep = async (ms: number) => {
    waits.push(ms);
    now += ms;
  };
  const clock = { now: () => now, sleep };
  return {
    ledger,
    waits,
    pass: (ms: number) => (now += ms),
    process: () => new ApiBudget({ ledger, orgId, clock, share, instanceUrl: 'https://org.example' }),
    told: (used: number, max: number, app: Used | null = null) => ({ used, max, at: now, app }),
    noted: async () => callsIn(await ledger.callsOf('00D000000000001', { from: 0, to: 1e9 })),
  };
}

/** Calls until one is refused; returns how many went through. */
async function callsUntilRefused(budget: ApiBudget, kind: 'pull' | 'push', max: number, used = 0) {
  for (let calls = 0; ; calls++) {
    try {
      await budget.before(kind);
    } catch (error) {
      expect(error).toEqual(exhausted);
      return calls;
    }
    budget.after({ used: used + calls, max, at: 0, app: null });
  }
}

describe('the share of an org', () => {
  it("stops at its own share of the org's daily limit, and pulls before its last tenth", async () => {
    const { process, told, ledger } = installation();
    await ledger.report('00D000000000001', told(0, 400));
    const budget = process();
    expect(await callsUntilRefused(budget, 'pull', 400)).toBe(90);
    expect(await callsUntilRefused(budget, 'push', 400)).toBe(10);
  });

  it('leaves pushes the reserve, reads of a push included', async () => {
    const { process, told, ledger } = installation();
    await ledger.report('00D000000000001', told(0, 400));
    const budget = process();
    await callsUntilRefused(budget, 'pull', 400);
    await budget.asPush(() => budget.before('pull'));
    await expect(budget.before('pull')).rejects.toEqual(exhausted);
  });

  it('is one share of all processes, whichever calls', async () => {
    const { process, told, ledger, noted } = installation();
    await ledger.report('00D000000000001', told(0, 400));
    const [a, b] = [process(), process()];
    let calls = 0;
    for (const budget of [a, b, a, b]) calls += await callsUntilRefused(budget, 'pull', 400);
    expect(calls).toBe(90);
    expect(await noted()).toBe(90);
  });

  it('notes calls before they are made, and gives back what was not needed', async () => {
    const { process, told, ledger, noted } = installation();
    await ledger.report('00D000000000001', told(0, 15_000));
    const budget = process();
    await budget.before('pull');
    expect(await noted()).toBe(5);
    await budget.before('pull');
    await budget.settle();
    expect(await noted()).toBe(2);
  });

  it('takes no call for a request that never reached the org', async () => {
    const { process, told, ledger, noted, pass } = installation();
    await ledger.report('00D000000000001', told(0, 15_000));
    const budget = process();
    for (let tries = 0; tries < 20; tries++) {
      await budget.before('pull');
      budget.after(null, { unsent: true });
    }
    await budget.before('pull');
    budget.after(null, { unsent: false });
    await budget.settle();
    expect(await noted()).toBe(1);
    // Given back to no slot but its own.
    await budget.before('pull');
    pass(6 * minute);
    budget.after(null, { unsent: true });
    await budget.settle();
    expect(await noted()).toBe(2);
  });

  it('sets aside less the nearer the share is to its end, so that one process keeps no other from it', async () => {
    const { process, told, ledger, noted } = installation();
    await ledger.report('00D000000000001', told(0, 400));
    const [busy, other] = [process(), process()];
    for (let calls = 0; calls < 80; calls++) {
      await busy.before('pull');
      busy.after(told(calls, 400));
      expect(await noted()).toBeLessThanOrEqual(calls + 1 + Math.max(1, (90 - calls) / 8));
    }
    await other.before('pull');
  });

  it('sets aside up to a hundred calls for long work', async () => {
    const { process, told, ledger, noted } = installation();
    await ledger.report('00D000000000001', told(0, 1_000_000));
    const budget = process();
    let noticed = 0;
    let blocks = 0;
    for (let calls = 0; calls < 1_000; calls++) {
      await budget.before('pull');
      budget.after(told(calls, 1_000_000));
      const now = await noted();
      if (now !== noticed) blocks++;
      noticed = now;
    }
    expect(blocks).toBeLessThan(16);
    expect(noticed).toBeLessThanOrEqual(1_100);
  });

  it('a killed process loses its block, and no more', async () => {
    const { process, told, ledger, noted } = installation();
    await ledger.report('00D000000000001', told(0, 400));
    // Never settled.
    await process().before('pull');
    expect(await noted()).toBe(5);
    expect(await callsUntilRefused(process(), 'pull', 400)).toBe(85);
  });

  it('lets each call pass out of it after its own 24 hours and not before, however long a block was held', async () => {
    const { process, told, ledger, pass, noted } = installation();
    await ledger.report('00D000000000001', told(0, 400));
    const budget = process();
    await budget.before('pull');
    // The block is of a slot that is over: the next call is counted when it is made.
    pass(6 * hour);
    await budget.before('pull');
    await budget.settle();
    expect(await noted()).toBe(2);
    expect(await callsUntilRefused(process(), 'pull', 400)).toBe(88);
    pass(18 * hour - minute);
    expect(await callsUntilRefused(process(), 'pull', 400)).toBe(0);
    pass(6 * minute);
    expect(await callsUntilRefused(process(), 'pull', 400)).toBe(1);
    pass(6 * hour);
    expect(await callsUntilRefused(process(), 'pull', 400)).toBe(89);
  });

  it('says after how long a call is back', async () => {
    const { process, told, ledger, pass } = installation();
    await ledger.report('00D000000000001', told(0, 400));
    await callsUntilRefused(process(), 'pull', 400);
    pass(4 * hour);
    // From the end of their slot, four minutes after they were made.
    await expect(process().before('pull')).rejects.toMatchObject({
      details: { own: 90, allowed: 90, retryAfterMs: 20 * hour + 4 * minute },
    });
  });

  it('says after how long many calls fit into it at once', async () => {
    const { process, told, ledger, pass } = installation();
    const budget = process();
    expect(await budget.fitsAfterMs(1)).toBeNull();
    await ledger.report('00D000000000001', told(0, 400));
    await callsUntilRefused(budget, 'pull', 400);
    pass(hour);
    // Those of a slot count for a day from its end.
    expect(await budget.fitsAfterMs(90)).toBe(23 * hour + 4 * minute);
    expect(await budget.fitsAfterMs(91)).toBeNull();
    pass(24 * hour);
    expect(await budget.fitsAfterMs(90)).toBe(0);
  });

  it('goes by the least that any edition has, until the org tells its limit', async () => {
    const { process } = installation(0.01);
    const budget = process();
    let calls = 0;
    await expect(
      (async () => {
        for (; ; calls++) {
          await budget.before('pull');
          budget.after(null);
        }
      })(),
    ).rejects.toEqual(exhausted);
    expect(calls).toBe(135);
  });

  it('that is used up lets somebody look at the limits once in five minutes, and that answer goes', async () => {
    const { process, told, ledger } = installation();
    await ledger.report('00D000000000001', told(1, 1));
    const budget = process();
    await budget.before('look');
    budget.after(null);
    await budget.before('look');
    budget.after(null);
    await expect(process().before('look')).rejects.toEqual(exhausted);
    await expect(process().before('pull')).rejects.toEqual(exhausted);
    budget.after(told(10, 15_000));
    await budget.settle();
    await process().before('pull');
  });

  it.each([
    ['no calls at all', 0],
    ['less than was called already', 40],
  ])('follows an org that tells %s for a while, as soon as it tells more', async (_, max) => {
    const { process, told, ledger, pass } = installation();
    await ledger.report('00D000000000001', told(0, 15_000));
    const budget = process();
    for (let calls = 0; calls < 50; calls++) {
      await budget.before('pull');
      budget.after(told(0, 15_000));
    }
    await budget.before('pull');
    budget.after(told(0, max));
    let more = 0;
    for (; more < 200; more++) {
      const isOver = await budget.before('pull').then(
        () => false,
        () => true,
      );
      if (isOver) break;
      budget.after(told(0, max));
    }
    // What was set aside before, and one look.
    expect(more).toBeLessThanOrEqual(100);
    await budget.settle();
    pass(5 * minute);
    const next = process();
    await next.before('pull');
    await expect(process().before('pull')).rejects.toEqual(exhausted);
    next.after(told(0, 15_000));
    await next.before('pull');
  });

  it('that a told limit has made less than nothing is asked for again in minutes, not in hours', async () => {
    const { process, told, ledger } = installation();
    await ledger.reserve('00D000000000001', {
      slot: slotOf(told(0, 0).at),
      span: spanAt(told(0, 0).at),
      calls: 50,
      limit: 50,
    });
    await ledger.report('00D000000000001', told(0, 40));
    const budget = process();
    await budget.before('pull');
    budget.after(told(0, 40));
    await expect(budget.before('pull')).rejects.toMatchObject({ details: { retryAfterMs: 5 * minute } });
  });

  it('is no larger than the quota that the org gives the app', async () => {
    const { process, told, ledger } = installation(1);
    await ledger.report('00D000000000001', told(0, 10_000, { used: 0, max: 40 }));
    const budget = process();
    let calls = 0;
    for (; calls < 36; calls++) {
      await budget.before('push');
      budget.after(null);
    }
    expect(await budget.standing()).toMatchObject({ allowed: 40, reserve: 5, used: expect.any(Number) });
  });
});

describe('an org that runs high as a whole', () => {
  it('yields when the org as a whole runs high, pushes later than pulls', async () => {
    const { process, told } = installation();
    const budget = process();
    await budget.before('pull');
    budget.after(told(800, 1_000));
    await expect(budget.before('pull')).rejects.toEqual(exhausted);
    await budget.before('push');
    budget.after(told(950, 1_000));
    await expect(budget.before('push')).rejects.toEqual(exhausted);
    await budget.before('look');
  });

  it('is known to a new process before its first call', async () => {
    const { process, told } = installation();
    const first = process();
    await first.before('pull');
    first.after(told(800, 1_000));
    await first.settle();
    await expect(process().before('pull')).rejects.toMatchObject({
      code: 'API_BUDGET_EXHAUSTED',
      details: { used: 800, max: 1_000, retryAfterMs: 5 * minute },
    });
  });

  it('yields by the quota of the app too', async () => {
    const { process, told } = installation();
    const budget = process();
    await budget.before('pull');
    budget.after(told(10, 100_000, { used: 200, max: 250 }));
    await expect(budget.before('pull')).rejects.toMatchObject({
      message: expect.stringContaining('used 200 of the 250'),
    });
    await budget.before('push');
  });

  it('is not passed by calls that are under way side by side', async () => {
    const { process, told, ledger } = installation(1);
    await ledger.report('00D000000000001', told(795, 1_000));
    const budget = process();
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => budget.before('pull')));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  });

  it('looks again after a while, because only an answer tells that there is room: one process, one call', async () => {
    const { process, told, pass } = installation();
    const [a, b] = [process(), process()];
    await a.before('pull');
    a.after(told(990, 1_000));
    await a.settle();
    await expect(b.before('pull')).rejects.toEqual(exhausted);
    pass(5 * minute);
    await a.before('pull');
    await expect(a.before('pull')).rejects.toEqual(exhausted);
    await expect(b.before('pull')).rejects.toEqual(exhausted);
    a.after(told(700, 1_000));
    await a.before('pull');
    await a.settle();
    await b.before('pull');
  });

  it('looks until an answer tells the usage, three calls at most, one after the other', async () => {
    const { process, told, pass } = installation();
    const [a, b] = [process(), process()];
    await a.before('pull');
    a.after(told(990, 1_000));
    await a.settle();
    pass(5 * minute);
    for (let calls = 0; calls < 3; calls++) {
      await b.before('pull');
      await expect(b.before('pull')).rejects.toEqual(exhausted);
      b.after(null);
    }
    await expect(b.before('pull')).rejects.toEqual(exhausted);
    pass(5 * minute);
    await a.before('pull');
    a.after(null);
    await a.before('pull');
    a.after(told(990, 1_000));
    await expect(a.before('pull')).rejects.toEqual(exhausted);
  });
});

/** A ledger that was begun anew over a damaged one. */
class BegunAnew extends MemoryCallLedger {
  #lostAt: number | null;

  constructor(lostAt: number) {
    super();
    this.#lostAt = lostAt;
  }

  override async lostAt(): Promise<number | null> {
    return this.#lostAt;
  }

  override async noteLost(id?: string, calls: readonly SlotCalls[] = []): Promise<void> {
    this.#lostAt = null;
    const everything = { span: { from: 0, to: 1e9 }, limit: Number.POSITIVE_INFINITY };
    for (const one of calls) await this.reserve(id ?? '', { ...one, ...everything });
  }
}

describe('a count that was lost', () => {
  const lostAt = Date.UTC(2026, 2, 4, 10);

  function begunAnew(used: number, app: Used | null = null) {
    let now = lostAt + minute;
    const ledger = new BegunAnew(lostAt);
    const clock = { ...systemClock, now: () => now };
    const budget = () =>
      new ApiBudget({ ledger, orgId, clock, share: 0.25, instanceUrl: 'https://org.example' });
    const counted = async () => callsIn(await ledger.callsOf('00D000000000001', spanAt(now)));
    /** Calls until the share ends, each answered with what the org counts by then. */
    const calls = async (one: ApiBudget) => {
      for (let n = 0; ; n++) {
        try {
          await one.before('pull');
        } catch (error) {
          expect(error).toEqual(exhausted);
          return n;
        }
        used++;
        one.after({ used, max: 4_000, at: now, app });
      }
    };
    return { budget, counted, calls, pass: (ms: number) => (now += ms) };
  }

  it('is taken for what the org counts, so that no share is taken twice', async () => {
    const { budget, counted, calls } = begunAnew(600);
    const made = await calls(budget());
    expect(made).toBeGreaterThanOrEqual(299);
    expect(made).toBeLessThanOrEqual(301);
    expect(await counted()).toBe(900);
  });

  it('is taken for no more than the client app has called', async () => {
    const { budget, calls } = begunAnew(600, { used: 100, max: 2_000 });
    expect(await calls(budget())).toBeGreaterThanOrEqual(799);
  });

  it('asks for one call at a time before the org has told', async () => {
    const { budget, counted } = begunAnew(600);
    const one = budget();
    for (let n = 1; n <= 3; n++) {
      await one.before('pull');
      expect(await counted()).toBe(n);
    }
  });

  it('keeps the work going at an even pace, in an org whose users call it far more than this tool may', async () => {
    const { budget, calls, pass } = begunAnew(2_000);
    expect(await calls(budget())).toBeLessThanOrEqual(1);
    for (let n = 0; n < 4; n++) {
      pass(6 * hour);
      const made = await calls(budget());
      expect(made).toBeGreaterThan(200);
      expect(made).toBeLessThan(240);
    }
  });

  it('is of no account any more after a day', async () => {
    const { budget, calls, pass } = begunAnew(600);
    pass(25 * hour);
    expect(await calls(budget())).toBe(900);
  });
});

describe('the rest that an org asks for', () => {
  const told = async (rest: { kind: 'pull' | 'push'; restMs: number }) => {
    const org = installation();
    const [one, other] = [org.process(), org.process()];
    await one.before(rest.kind);
    one.after(null, { asked: rest });
    return { ...org, one, other };
  };

  it('is kept by all processes, whichever it was said to: a short one within the call', async () => {
    const { one, other, waits } = await told({ kind: 'pull', restMs: 30_000 });
    await other.before('pull');
    expect(waits).toEqual([30_000]);
    await one.before('push');
    expect(waits).toEqual([30_000]);
  });

  it('ends the work where it is long, which then knows when to come again', async () => {
    const { other, waits, pass } = await told({ kind: 'pull', restMs: 10 * minute });
    const resting = { code: 'ORG_UNAVAILABLE', details: { retryAfterMs: 10 * minute } };
    await expect(other.before('pull')).rejects.toMatchObject(resting);
    await expect(other.before('push')).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
    await other.before('look');
    pass(10 * minute);
    await other.before('pull');
    expect(waits).toEqual([]);
  });

  it('is that of pushes alone where it was said to one, its reads included', async () => {
    const { one, other } = await told({ kind: 'push', restMs: 10 * minute });
    for (const budget of [one, other]) {
      await budget.before('pull');
      await expect(budget.before('push')).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
      await expect(budget.asPush(() => budget.before('pull'))).rejects.toMatchObject({
        code: 'ORG_UNAVAILABLE',
      });
    }
  });

  it('is kept for an hour at most, and not at all by a clock that was set back', async () => {
    const { other, pass } = await told({ kind: 'pull', restMs: 20 * hour });
    await expect(other.before('pull')).rejects.toMatchObject({ details: { retryAfterMs: hour } });
    pass(-2 * hour);
    await other.before('pull');
    pass(2 * hour);
    await expect(other.before('pull')).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
    pass(hour);
    await other.before('pull');
  });
});
