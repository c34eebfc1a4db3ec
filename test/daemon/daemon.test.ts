import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { manualClock } from '../support/manual-clock.ts';

const minute = 60_000;
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A daemon over scripted orgs: `cycle` and `open` are called with how often they were called before. */
function watching(
  orgs: Record<
    string,
    {
      cycle?: (n: number, end: AbortSignal) => Promise<void>;
      /** Takes every request from its cycle with this number on and answers none, each for as long as a call waits. */
      silentFrom?: number;
      /** Answers those after so long. */
      answersAfterMs?: number;
      /** What it does when what waits is to be sent, between two turns. */
      push?: () => Promise<void>;
      /** Whether somebody has asked for something, whenever it is looked for. */
      isAsked?: () => boolean;
      /** Who has asked is told of a turn that failed. */
      refuseAsked?: (error: unknown) => void;
      /** What the cycle calls for. */
      long?: (n: number) => Promise<void> | undefined;
      /** Its cycles cannot go on while that waits for its place. */
      longFirst?: true;
      open?: (n: number) => void;
      close?: () => Promise<void>;
      /** An org with this one lacks its first copy until it has resolved. */
      copy?: () => Promise<void>;
    }
  >,
  { once = false, intervalMs = 5 * minute } = {},
) {
  const clock = manualClock(0);
  /** How far the wall clock is ahead of the monotonic one. */
  const ahead = { ms: 0 };
  const stop = new AbortController();
  const log: string[] = [];
  const recoveries: { url: string; failures: number; minutes: number }[] = [];
  const cycles = new Map<string, number>();
  const copied = new Set<string>();
  const opens = new Map<string, number>();
  /** Orgs of which the next look says that they must be taken into care anew. */
  const spent = new Set<string>();
  /** When those began to wait that get no answer. */
  const unanswered = new Map<string, number>();
  const wanted = { urls: Object.keys(orgs), login: true, isOver: true, failing: false };
  const unlessFailing = <T>(value: T): T => {
    if (wanted.failing) throw new Error('the registry is locked');
    return value;
  };
  const next = (counts: Map<string, number>, url: string) => {
    const n = counts.get(url) ?? 0;
    counts.set(url, n + 1);
    return n;
  };
  const daemon = new Daemon({
    list: async () => unlessFailing(wanted.urls),
    lostLogin: async () => ({ isOver: wanted.isOver, isReplaced: async () => unlessFailing(wanted.login) }),
    async open(url) {
      orgs[url]?.open?.(next(opens, url));
      log.push(`${clock.now() / minute} open ${url}`);
      return {
        isSpent: async () => spent.delete(url),
        needsFirstCopy: async () => orgs[url]?.copy !== undefined && !copied.has(url),
        async firstCopy() {
          log.push(`${clock.now() / minute} copy ${url}`);
          await orgs[url]?.copy?.();
          copied.add(url);
        },
        isAsked: async () => orgs[url]?.isAsked?.() ?? false,
        refuseAsked: async (error) => orgs[url]?.refuseAsked?.(error),
        async push() {
          log.push(`${clock.now() / minute} push ${url}`);
          await orgs[url]?.push?.();
        },
        silentForMs: () => clock.now() - (unanswered.get(url) ?? clock.now()),
        async cycle(end) {
          log.push(`${clock.now() / minute} cycle ${url}`);
          const n = next(cycles, url);
          await orgs[url]?.cycle?.(n, end);
          if (n >= (orgs[url]?.silentFrom ?? Number.POSITIVE_INFINITY)) {
            unanswered.set(url, clock.now());
            try {
              await clock.sleep(orgs[url]?.answersAfterMs ?? 2.5 * minute, { signal: end });
              if (orgs[url]?.answersAfterMs === undefined)
                throw new AppError('TIMEOUT', 'The org did not answer.');
            } finally {
              unanswered.delete(url);
            }
          }
          const long = orgs[url]?.long;
          if (long === undefined || long(n) === undefined) return null;
          return {
            kind: 'reconcile',
            keepsCycles: orgs[url]?.longFirst !== true,

            async run() {
              log.push(`${clock.now() / minute} reconcile ${url}`);
              await long(n);
            },
          };
        },
        async rest() {
          log.push(`${clock.now() / minute} rest ${url}`);
        },
        async [Symbol.asyncDispose]() {
          log.push(`${clock.now() / minute} close ${url}`);
          await orgs[url]?.close?.();
        },
      };
    },
    onFailed: (url, _, retryInMs) =>
      log.push(`failed ${url} ${retryInMs === null ? null : retryInMs / minute}`),
    onSkipped: (url, _, retryInMs) =>
      log.push(`skipped ${url} ${retryInMs === null ? null : retryInMs / minute}`),
    onListFailed: () => log.push('no list'),
    onResumed: (ms) => log.push(`resumed after ${Math.round(ms / minute)}`),
    onRecovered: (url, failures, lastedMs) => {
      log.push(`recovered ${url} after ${failures}`);
      recoveries.push({ url, failures, minutes: lastedMs / minute });
    },
    intervalMs,
    once,
    clock: { ...clock, now: () => clock.now() + ahead.ms },
    random: () => 1,
    signal: stop.signal,
  });
  const done = daemon.start();
  return {
    daemon,
    clock,
    ahead,
    log,
    recoveries,
    wanted,
    spent,
    unanswered,
    done,
    async stop() {
      stop.abort();
      return done;
    },
    async pass(ms: number, stepMs = 5_000) {
      for (let left = ms; left > 0; left -= stepMs) {
        clock.advance(stepMs);
        await settle();
      }
    },
    cyclesOf: (url: string) =>
      log.filter((line) => line.endsWith(`cycle ${url}`)).map((line) => Number(line.split(' ')[0])),
  };
}

describe('the daemon', () => {
  it('watches on where the orgs cannot be listed, asked about or closed for a while', async () => {
    const gone = new AppError('LOGIN_REQUIRED', 'gone');
    const watch = watching({
      a: {
        cycle: async (n) => (n === 0 ? Promise.reject(gone) : undefined),
        close: async () => Promise.reject(new AppError('DISK_FULL', 'no room')),
      },
      b: {},
    });
    watch.wanted.failing = true;
    await watch.pass(2 * minute);
    expect(watch.log).toContain('no list');
    watch.wanted.failing = false;
    watch.wanted.urls = ['a', 'b', 'connected since'];
    await watch.pass(10 * minute);
    expect(watch.cyclesOf('connected since').length).toBeGreaterThan(0);
    expect(watch.cyclesOf('a').length).toBeGreaterThan(2);
    expect(watch.cyclesOf('b').length).toBeGreaterThan(2);
    await watch.stop();
  });

  it('runs one cycle per org with once, and tells how each ended', async () => {
    const bad = new AppError('ORG_UNAVAILABLE', 'maintenance');
    const watch = watching({ a: {}, b: { cycle: async () => Promise.reject(bad) } }, { once: true });
    expect(await watch.done).toEqual([
      { instanceUrl: 'a', error: null },
      { instanceUrl: 'b', error: bad },
    ]);
    expect(watch.log).toContain('failed b null');
    expect(watch.log.filter((line) => line.includes('close'))).toHaveLength(2);
  });

  it('tells with once which orgs a stop has left undone', async () => {
    const hung = async (_: number, end: AbortSignal) =>
      new Promise<void>((_resolve, reject) =>
        end.addEventListener('abort', () => reject(end.reason), { once: true }),
      );
    const watch = watching({ a: {}, b: { cycle: hung } }, { once: true });
    await settle();
    expect(await watch.stop()).toEqual([
      { instanceUrl: 'a', error: null },
      { instanceUrl: 'b', error: expect.objectContaining({ name: 'AbortError' }) },
    ]);
  });

  it('starts a cycle each interval', async () => {
    const watch = watching({ a: {} });
    await settle();
    await watch.pass(11 * minute);
    expect(watch.cyclesOf('a')).toEqual([0, 5, 10]);
    await watch.stop();
  });

  it('keeps to its timetable, however late it wakes up each time', async () => {
    // The test's time goes in steps of 5 seconds, so that each wait ends up to 4 seconds late.
    const watch = watching({ a: {} }, { intervalMs: 61_000 });
    await settle();
    await watch.pass(61 * minute);
    expect(watch.cyclesOf('a')).toHaveLength(61);
    await watch.stop();
  });

  it("keeps one org's trouble with that org, backs off up to eightfold, and says when it is over", async () => {
    const down = async (n: number) => {
      if (n < 6) throw new AppError('ORG_UNAVAILABLE', 'maintenance');
    };
    const watch = watching({ a: { cycle: down }, b: {} });
    await settle();
    await watch.pass(180 * minute);
    expect(watch.log.filter((line) => line.startsWith('failed a'))).toEqual(
      [5, 10, 20, 40, 40, 40].map((minutes) => `failed a ${minutes}`),
    );
    expect(watch.recoveries).toEqual([{ url: 'a', failures: 6, minutes: 5 + 10 + 20 + 3 * 40 }]);
    expect(watch.cyclesOf('b').length).toBeGreaterThanOrEqual(36);
    await watch.stop();
  });

  it('waits as long as the org asks to be left alone', async () => {
    const asked = new AppError('ORG_UNAVAILABLE', 'maintenance', { details: { retryAfterMs: 60 * minute } });
    const watch = watching({ a: { cycle: async () => Promise.reject(asked) } });
    await settle();
    expect(watch.log).toContain('failed a 60');
    expect(watch.daemon.modes()).toEqual(new Map([['a', 'backing-off']]));
    await watch.stop();
  });

  it('lets go of an org whose grant is gone and takes it up again after the next login', async () => {
    const loggedOut = async (n: number) => {
      if (n === 0) throw new AppError('LOGIN_REQUIRED', 'the grant is gone');
    };
    const watch = watching({ a: { cycle: loggedOut } });
    watch.wanted.login = false;
    await settle();
    await watch.pass(30 * minute);
    expect(watch.cyclesOf('a')).toEqual([0]);
    expect(watch.daemon.modes()).toEqual(new Map([['a', 'login-needed']]));
    expect(watch.log).toContain('0 close a');
    watch.wanted.login = true;
    await watch.pass(minute);
    expect(watch.cyclesOf('a')).toHaveLength(2);
    expect(watch.log).toContain('recovered a after 1');
    await watch.stop();
  });

  it('takes an org into care anew where it is spent, before its turn and after a failed one', async () => {
    const watch = watching({
      a: {
        cycle: async (n) => {
          if (n !== 1) return;
          watch.spent.add('a');
          throw new AppError('LEASE_LOST', 'taken over');
        },
        close: async () => Promise.reject(new AppError('DISK_FULL', 'no room')),
      },
    });
    await settle();
    watch.spent.add('a');
    await watch.pass(11 * minute);
    expect(watch.log).toEqual([
      '0 open a',
      '0 cycle a',
      '5 close a',
      '5 open a',
      '5 cycle a',
      '5 rest a',
      '5 close a',
      'failed a 5',
      '10 open a',
      '10 cycle a',
      'recovered a after 1',
    ]);
    await watch.stop();
  });

  it('skips an org that another process holds, and tries again', async () => {
    const busy = (n: number) => {
      if (n === 0) throw new AppError('ORG_BUSY', 'held');
    };
    const watch = watching({ a: { open: busy }, b: {} });
    await settle();
    await watch.pass(minute);
    expect(watch.log).toContain('skipped a 5');
    await watch.pass(6 * minute);
    expect(watch.cyclesOf('a')).toHaveLength(1);
    await watch.stop();
  });

  it.each([
    ['a copy', { purpose: 'backfill' }],
    ['one cycle', { purpose: 'watch --once' }],
    ['somebody unknown', null],
  ])('waits for the only org too, where %s holds it', async (_who, details) => {
    const busy = (n: number) => {
      if (n < 2) throw new AppError('ORG_BUSY', 'held', { details });
    };
    const watch = watching({ a: { open: busy } });
    await settle();
    await watch.pass(11 * minute);
    expect(watch.log).toEqual(['skipped a 5', 'skipped a 5', '10 open a', '10 cycle a']);
    await watch.stop();
  });

  it('ends with --once where another process holds the only org', async () => {
    const busy = () => {
      throw new AppError('ORG_BUSY', 'held', { details: { purpose: 'backfill' } });
    };
    const watch = watching({ a: { open: busy } }, { once: true });
    await settle();
    expect((await watch.done).map(({ error }) => error)).toEqual([
      expect.objectContaining({ code: 'ORG_BUSY' }),
    ]);
    expect(watch.log).toEqual(['skipped a null']);
  });

  it('waits where one of all orgs is held by a copy and the others by a watch', async () => {
    const held = (purpose: string) => () => {
      throw new AppError('ORG_BUSY', 'held', { details: { purpose } });
    };
    const watch = watching({ a: { open: held('watch') }, b: { open: held('backfill') } });
    await settle();
    await watch.pass(minute);
    expect(watch.log).toEqual(['skipped a 5', 'skipped b 5']);
    await watch.stop();
  });

  it('ends when another watch holds all orgs at the start', async () => {
    const busy = () => {
      throw new AppError('ORG_BUSY', 'held', { details: { purpose: 'watch' } });
    };
    const watch = watching({ a: { open: busy }, b: { open: busy } });
    await settle();
    await watch.pass(minute);
    expect((await watch.done).map(({ error }) => error)).toEqual([
      expect.objectContaining({ code: 'ORG_BUSY' }),
      expect.objectContaining({ code: 'ORG_BUSY' }),
    ]);
    // Nobody is told of a next try that will not come.
    expect(watch.log).toEqual(['skipped a null', 'skipped b null']);
  });

  it('takes up new orgs and lets go of disabled ones while it runs', async () => {
    const watch = watching({ a: {}, b: {} });
    watch.wanted.urls = ['a'];
    await settle();
    await watch.pass(minute);
    expect(watch.log.some((line) => line.includes('close b'))).toBe(true);
    watch.wanted.urls = ['a', 'b'];
    await watch.pass(minute);
    expect(watch.cyclesOf('b').length).toBeGreaterThanOrEqual(1);
    await watch.stop();
  });

  it('sends between two turns what programs have written, and keeps to the timetable', async () => {
    const watch = watching({ a: {}, b: {} });
    await settle();
    // While it waits for its first turn, that one does it.
    expect(watch.daemon.nudgePush('b')).toBe(true);
    await watch.pass(2 * minute);
    expect(watch.log.filter((line) => line.includes('push'))).toEqual([]);
    watch.daemon.nudgePush('a');
    await settle();
    await watch.pass(9 * minute);
    expect(watch.log.filter((line) => line.includes('push'))).toEqual(['2 push a']);
    expect(watch.cyclesOf('a')).toEqual([0, 5, 10]);
    expect(watch.daemon.nudgePush('nobody')).toBe(false);
    await watch.stop();
  });

  it('takes the turn at once where that sending fails, and sends nothing between the turns of an org that fails', async () => {
    const down = new AppError('ORG_UNAVAILABLE', 'maintenance');
    let isDown = false;
    const fails = async () => (isDown ? Promise.reject(down) : undefined);
    const watch = watching({ a: { push: fails, cycle: fails } });
    await settle();
    await watch.pass(minute);
    isDown = true;
    watch.daemon.nudgePush('a');
    await settle();
    expect(watch.log.filter((line) => /cycle|push|failed/.test(line))).toEqual([
      '0 cycle a',
      '1 push a',
      '1 cycle a',
      expect.stringMatching(/^failed a/),
    ]);
    watch.daemon.nudgePush('a');
    await watch.pass(5_000);
    expect(watch.log.filter((line) => line.includes('push'))).toHaveLength(1);
    await watch.stop();
  });

  it('tells of a lease that a sending between two turns has found lost, before it tells who has the org', async () => {
    const watch = watching({
      a: {
        open: (n) => {
          if (n === 1) throw new AppError('ORG_BUSY', 'held');
        },
        push: async () => {
          watch.spent.add('a');
          throw new AppError('LEASE_LOST', 'taken over');
        },
      },
    });
    await settle();
    await watch.pass(minute);
    watch.daemon.nudgePush('a');
    await settle();
    expect(watch.log.slice(-4)).toEqual(['1 push a', '1 rest a', '1 close a', 'failed a 5']);
    await watch.pass(11 * minute);
    expect(watch.log.slice(-4)).toEqual(['skipped a 5', '11 open a', '11 cycle a', 'recovered a after 1']);
    await watch.stop();
  });

  it('sends between the turns of an org whose share for pulls is used up: what is written at once, all else by the interval', async () => {
    const details = { kind: 'pull', retryAfterMs: 60 * minute } as const;
    const used = async () => Promise.reject(new AppError('API_BUDGET_EXHAUSTED', 'used up', { details }));
    const watch = watching({ a: { cycle: used } });
    await settle();
    await watch.pass(12 * minute);
    watch.daemon.nudgePush('a');
    await settle();
    await watch.pass(7 * minute);
    expect(watch.log.filter((line) => /cycle|push|failed/.test(line))).toEqual([
      '0 cycle a',
      'failed a 60',
      '5 push a',
      '10 push a',
      '12 push a',
      '17 push a',
    ]);
    await watch.pass(42 * minute);
    expect(watch.cyclesOf('a')).toEqual([0, 60]);
    expect(watch.daemon.modes()).toEqual(new Map([['a', 'backing-off']]));
    await watch.stop();
  });

  it('takes the turn at once where a sending beside a pull that waits fails, which says with what', async () => {
    const details = { kind: 'pull', retryAfterMs: 60 * minute } as const;
    const watch = watching({
      a: {
        cycle: async (n) => {
          throw n === 0
            ? new AppError('API_BUDGET_EXHAUSTED', 'used up', { details })
            : new AppError('DISK_FULL', 'no room');
        },
        push: async () => Promise.reject(new AppError('DISK_FULL', 'no room')),
      },
    });
    await settle();
    await watch.pass(9 * minute);
    expect(watch.log.filter((line) => /cycle|push|failed/.test(line))).toEqual([
      '0 cycle a',
      'failed a 60',
      '5 push a',
      '5 cycle a',
      'failed a 10',
    ]);
    await watch.stop();
  });

  it('takes an org’s turn at once when it is nudged, and right after the one under way', async () => {
    const slow = Promise.withResolvers<void>();
    const watch = watching({ a: { cycle: (n) => (n === 2 ? slow.promise : Promise.resolve()) } });
    await settle();
    await watch.pass(2 * minute);
    expect(watch.daemon.nudge('a')).toBe(true);
    await settle();
    await watch.pass(minute);
    expect(watch.cyclesOf('a')).toEqual([0, 2]);
    watch.daemon.nudge('a');
    await settle();
    expect(watch.daemon.modes()).toEqual(new Map([['a', 'working']]));
    watch.daemon.nudge('a');
    slow.resolve();
    await settle();
    expect(watch.cyclesOf('a')).toEqual([0, 2, 3, 3]);
    expect(watch.daemon.nudge('nobody')).toBe(false);
    await watch.stop();
  });

  it('lets go of an org that is paused and leaves it alone until it is resumed', async () => {
    const watch = watching({ a: {}, b: {} });
    await settle();
    await watch.pass(minute);
    watch.daemon.pause('a');
    await settle();
    expect(watch.daemon.modes().get('a')).toBe('paused');
    expect(watch.log.at(-1)).toBe('1 close a');
    watch.daemon.nudge('a');
    await watch.pass(20 * minute);
    expect(watch.cyclesOf('a')).toEqual([0]);
    expect(watch.cyclesOf('b').length).toBeGreaterThan(3);
    watch.daemon.resume('a');
    await settle();
    expect(watch.cyclesOf('a')).toEqual([0, 21]);
    await watch.stop();
  });

  it('may be started and stopped more than once, and lets go of every org', async () => {
    const watch = watching({ a: {}, b: {} });
    await settle();
    expect(watch.daemon.start()).toBe(watch.done);
    await Promise.all([watch.daemon.stop(), watch.daemon.stop()]);
    expect(watch.log.filter((line) => line.includes('close a'))).toHaveLength(1);
    expect(await watch.done).toHaveLength(2);
    expect([...watch.daemon.modes().values()]).toEqual(['stopped', 'stopped']);
  });

  it('never runs two cycles of one org at a time', async () => {
    let active = 0;
    let most = 0;
    const releases: (() => void)[] = [];
    const slow = async () => {
      most = Math.max(most, ++active);
      await new Promise<void>((resolve) => releases.push(resolve));
      active--;
    };
    const watch = watching({ a: { cycle: slow } });
    await settle();
    await watch.pass(20 * minute);
    expect(watch.cyclesOf('a')).toHaveLength(1);
    releases.shift()?.();
    await settle();
    await watch.pass(5_000);
    // It overran its interval, so the next one begins at once.
    expect(watch.cyclesOf('a')).toHaveLength(2);
    expect(most).toBe(1);
    releases.shift()?.();
    await watch.stop();
  });

  it("starts the others' cycles on time while any number of first copies is under way, two at once", async () => {
    const ends: (() => void)[] = [];
    const copy = () => new Promise<void>((resolve) => ends.push(resolve));
    const watch = watching({ a: { copy }, b: { copy }, c: { copy }, d: { copy }, e: { copy }, f: {} });
    await settle();
    await watch.pass(11 * minute);
    expect(watch.cyclesOf('f')).toHaveLength(3);
    expect(watch.log.filter((line) => line.includes('copy'))).toHaveLength(2);
    ends.shift()?.();
    await settle();
    expect(watch.log.filter((line) => line.includes('copy'))).toHaveLength(3);
    // The first copy's own cycle follows it, and it is not made again.
    expect(watch.cyclesOf('a')).toHaveLength(1);
    const stopping = watch.stop();
    for (let i = 0; i < 10; i++) {
      for (const end of ends.splice(0)) end();
      await settle();
    }
    await stopping;
  });

  it('does what a cycle calls for in a slot of first copies, and then a cycle once more', async () => {
    const slow = Promise.withResolvers<void>();
    const watch = watching({ a: { long: (n) => (n === 0 ? slow.promise : undefined) }, b: {} });
    await settle();
    await watch.pass(7 * minute);
    expect(watch.log).toContain('0 reconcile a');
    expect(watch.cyclesOf('a')).toEqual([0]);
    expect(watch.cyclesOf('b').length).toBeGreaterThan(1);
    slow.resolve();
    await settle();
    expect(watch.cyclesOf('a')).toHaveLength(2);
    expect(watch.log.filter((line) => line.includes('reconcile'))).toHaveLength(1);
    await watch.stop();
  });

  it('does what is called for behind a first copy too, and leaves more than that to the next turn', async () => {
    const watch = watching({ a: { copy: async () => {}, long: async () => {} } });
    await settle();
    await watch.pass(1 * minute);
    const made = watch.log.filter((line) => / (copy|reconcile|cycle) /.test(line));
    expect(made).toEqual(['0 copy a', '0 cycle a', '0 reconcile a', '0 cycle a']);
    await watch.stop();
  });

  it('has its turn within seconds of being asked for, where the org waits for its next', async () => {
    let isAsked = false;
    const cycle = async () => {
      isAsked = false;
    };
    const watch = watching({ a: { isAsked: () => isAsked, cycle }, b: {} }, { intervalMs: 60 * minute });
    await settle();
    await watch.pass(20 * minute);
    expect(watch.cyclesOf('a')).toEqual([0]);
    isAsked = true;
    watch.wanted.failing = true;
    await watch.pass(0.25 * minute);
    expect(watch.cyclesOf('a')).toEqual([0, 20.25]);
    await watch.pass(20 * minute);
    expect(watch.cyclesOf('a')).toHaveLength(2);
    expect(watch.cyclesOf('b')).toHaveLength(1);
    await watch.stop();
  });

  it('has its turn within seconds of being asked for, where the org backs off, and who asked is told how it failed', async () => {
    const unavailable = new AppError('ORG_UNAVAILABLE', 'maintenance');
    const refused: unknown[] = [];
    let isAsked = false;
    const watch = watching(
      {
        a: {
          cycle: async () => Promise.reject(unavailable),
          isAsked: () => isAsked,
          refuseAsked(error) {
            if (isAsked) refused.push(error);
            isAsked = false;
          },
        },
      },
      { intervalMs: 60 * minute },
    );
    await settle();
    await watch.pass(20 * minute);
    expect(watch.cyclesOf('a')).toEqual([0]);
    isAsked = true;
    await watch.pass(0.25 * minute);
    expect(watch.cyclesOf('a')).toEqual([0, 20.25]);
    expect(refused).toEqual([unavailable]);
    // The org is left alone all the same.
    await watch.pass(20 * minute);
    expect(watch.cyclesOf('a')).toHaveLength(2);
    await watch.stop();
  });
});

describe('an org that stands in line for a place of long work', () => {
  /** As many as there are places, to be ended one by one, and one more in line for each that `behind` names. */
  function taken(count: number, behind: readonly string[] = []) {
    const ends: (() => void)[] = [];
    const copy = () => new Promise<void>((resolve) => ends.push(resolve));
    const names = [...Array.from({ length: count }, (_, i) => `new${i}`), ...behind];
    return { copies: Object.fromEntries(names.map((name) => [name, { copy }])), end: () => ends.shift()?.() };
  }
  /** Called for by each cycle until it is made. */
  function dueOnce() {
    let isMade = false;
    return (_n: number) => {
      if (isMade) return undefined;
      return {
        // biome-ignore lint/suspicious/noThenProperty: the harness awaits it where the work begins.
        then(resolve: () => void) {
          isMade = true;
          resolve();
        },
      } as unknown as Promise<void>;
    };
  }
  const linesOf = (log: readonly string[], what: string) => log.filter((line) => line.endsWith(what));

  it.each([2, 8])(
    'goes on with its cycles, and does that once, as soon as one of %i is free',
    async (count) => {
      const { copies, end } = taken(count);
      const watch = watching({ ...copies, a: { long: dueOnce() }, b: {} });
      await settle();
      const minutes = count === 2 ? 28 : 180;
      await watch.pass(minutes * minute, 10_000);
      const cycles = watch.cyclesOf('a').length;
      expect(cycles).toBeGreaterThanOrEqual(watch.cyclesOf('b').length - 1);
      expect(linesOf(watch.log, 'reconcile a')).toEqual([]);
      end();
      await settle();
      expect(linesOf(watch.log, 'reconcile a')).toEqual([`${minutes} reconcile a`]);
      // One cycle right before it, which says whether it is still called for, and one behind it.
      expect(watch.cyclesOf('a')).toHaveLength(cycles + 2);
      await watch.pass(20 * minute, 10_000);
      expect(linesOf(watch.log, 'reconcile a')).toHaveLength(1);
      for (let i = 0; i < count; i++) end();
      await watch.stop();
    },
  );

  it('has its turns when they are due, however often somebody asks meanwhile', async () => {
    const { copies, end } = taken(8);
    const watch = watching({ ...copies, a: { long: dueOnce(), isAsked: () => true } });
    await settle();
    // Until first copies that take long have given back their places to the next, six more begin.
    await watch.pass(120 * minute, 10_000);
    const before = watch.cyclesOf('a').length;
    await watch.pass(20 * minute, 10_000);
    expect(watch.cyclesOf('a').length - before).toBeLessThanOrEqual(4);
    for (let i = 0; i < 8; i++) end();
    await watch.stop();
  });

  it('has no cycle where none can be made before', async () => {
    const { copies, end } = taken(2);
    const watch = watching({ ...copies, a: { long: dueOnce(), longFirst: true } });
    await settle();
    await watch.pass(20 * minute, 10_000);
    expect(watch.cyclesOf('a')).toHaveLength(1);
    end();
    await settle();
    expect(linesOf(watch.log, 'reconcile a')).toHaveLength(1);
    expect(watch.cyclesOf('a')).toHaveLength(2);
    for (let i = 0; i < 2; i++) end();
    await watch.stop();
  });

  it.each([
    [
      'is let go of',
      (watch: ReturnType<typeof watching>) => {
        watch.wanted.urls = watch.wanted.urls.filter((url) => url !== 'a');
      },
    ],
    ['fails', (_: unknown, fail: () => void) => fail()],
  ])('leaves it to the next where it %s', async (_, happens) => {
    const { copies, end } = taken(2, ['behind']);
    let isFailing = false;
    const cycle = async () => {
      if (isFailing) throw new Error('no disk');
    };
    const { behind, ...first } = copies;
    const watch = watching({ ...first, a: { long: dueOnce(), cycle }, behind: behind! });
    // They begin one by one.
    await watch.pass(minute, 500);
    happens(watch, () => {
      isFailing = true;
    });
    await watch.pass(7 * minute, 10_000);
    expect(linesOf(watch.log, 'copy behind')).toEqual([]);
    end();
    await settle();
    expect(linesOf(watch.log, 'copy behind')).toHaveLength(1);
    expect(linesOf(watch.log, 'reconcile a')).toEqual([]);
    for (let i = 0; i < 3; i++) {
      end();
      await settle();
    }
    await watch.stop();
  });
});

describe('a machine that slept', () => {
  const urls = Array.from({ length: 40 }, (_, i) => `org${i}`);
  const many = (intervalMs: number) =>
    watching(Object.fromEntries(urls.map((url) => [url, {}])), { intervalMs });
  const began = (log: readonly string[]) => log.filter((line) => line.includes(' cycle ')).length;

  it.each([
    { how: 'its monotonic clock too', wallMs: 480 * minute, monotonicMs: 0 },
    { how: 'while its monotonic clock went on', wallMs: 0, monotonicMs: 480 * minute },
  ])('$how: every org has one cycle at once, a few at a time', async ({ wallMs, monotonicMs }) => {
    const watch = many(60 * minute);
    await watch.pass(10 * minute);
    expect(began(watch.log)).toBe(40);
    watch.ahead.ms = wallMs;
    watch.clock.advance(monotonicMs);
    await settle();
    expect(began(watch.log)).toBeLessThanOrEqual(41);
    // The first look after it is a quarter of a minute away at most.
    let most = 0;
    for (let step = 0; step < 5; step++) {
      const before = began(watch.log);
      await watch.pass(5_000);
      most = Math.max(most, began(watch.log) - before);
    }
    expect(watch.log.filter((line) => line.startsWith('resumed'))).toEqual(['resumed after 480']);
    expect(most).toBeLessThanOrEqual(21);
    expect(began(watch.log)).toBe(80);
    // Each goes on with its own timetable from there.
    await watch.pass(59 * minute);
    expect(began(watch.log)).toBe(80);
    await watch.pass(2 * minute);
    expect(began(watch.log)).toBe(120);
    await watch.stop();
  });

  it('is told from one that is late, and from a clock that is set right', async () => {
    const watch = many(60 * minute);
    await watch.pass(10 * minute);
    watch.ahead.ms = 20_000;
    await watch.pass(minute);
    watch.clock.advance(20_000);
    await watch.pass(minute);
    watch.ahead.ms = -480 * minute;
    await watch.pass(minute);
    expect(began(watch.log)).toBe(40);
    expect(watch.log.filter((line) => line.startsWith('resumed'))).toEqual([]);
    await watch.stop();
  });

  it('wakes an org that is left alone for long after failures, and none that is in its turn', async () => {
    const end = Promise.withResolvers<void>();
    const watch = watching({
      down: {
        cycle: async (n) => (n < 4 ? Promise.reject(new AppError('TIMEOUT', 'no answer')) : undefined),
      },
      busy: { cycle: async () => end.promise },
    });
    await watch.pass(40 * minute);
    expect(watch.cyclesOf('down')).toHaveLength(4);
    watch.ahead.ms = 600 * minute;
    await watch.pass(minute);
    expect(watch.cyclesOf('down')).toHaveLength(5);
    expect(watch.log).toContain('recovered down after 4');
    expect(watch.cyclesOf('busy')).toHaveLength(1);
    end.resolve();
    await watch.stop();
  });
});

describe('an org that has asked for rest before a machine slept', () => {
  it('is left alone until then, and asked soon after it', async () => {
    const details = { retryAfterMs: 600 * minute };
    const watch = watching({
      resting: {
        cycle: async (n) =>
          n === 0 ? Promise.reject(new AppError('ORG_UNAVAILABLE', 'later', { details })) : undefined,
      },
    });
    await watch.pass(20 * minute);
    expect(watch.cyclesOf('resting')).toHaveLength(1);
    watch.ahead.ms = 480 * minute;
    await watch.pass(95 * minute);
    expect(watch.log).toContain('resumed after 480');
    expect(watch.cyclesOf('resting')).toHaveLength(1);
    await watch.pass(11 * minute);
    expect(watch.cyclesOf('resting')).toHaveLength(3);
    await watch.stop();
  });
});

describe('many orgs', () => {
  const orgs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`org${i}`, {}]));

  it('are open for their turn alone, and keep their lease', async () => {
    const watch = watching(orgs(25));
    await watch.pass(11 * minute);
    const of = (what: string) => watch.log.filter((line) => line.endsWith(`${what} org3`)).length;
    expect([of('open'), of('cycle'), of('rest'), of('close')]).toEqual([1, 3, 3, 0]);
    await watch.stop();
  });

  it('that are few stay open', async () => {
    const watch = watching(orgs(24));
    await watch.pass(11 * minute);
    expect(watch.log.filter((line) => line.includes('rest'))).toEqual([]);
    await watch.stop();
  });

  it('begin spread over the interval', async () => {
    const watch = watching(orgs(500), { intervalMs: 30_000 });
    let most = 0;
    for (let step = 0; step < 6; step++) {
      const before = watch.log.filter((line) => line.includes(' cycle ')).length;
      await watch.pass(5_000);
      const begun = watch.log.filter((line) => line.includes(' cycle ')).length - before;
      most = Math.max(most, begun);
    }
    expect(most).toBeLessThanOrEqual(85);
    await watch.stop();
  });

  it('that are new come spread, too', async () => {
    const watch = watching({ ...orgs(200), first: {} });
    watch.wanted.urls = ['first'];
    await watch.pass(minute);
    watch.wanted.urls = [...Object.keys(orgs(200)), 'first'];
    const before = watch.log.length;
    let most = 0;
    for (let step = 0; step < 12; step++) {
      const begun = watch.log.length;
      await watch.pass(5_000);
      most = Math.max(most, watch.log.slice(begun).filter((line) => line.includes(' cycle ')).length);
    }
    expect(watch.log.slice(before).filter((line) => line.includes(' cycle '))).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(110);
    await watch.stop();
  });
});

describe('an org that is slow', () => {
  const never = () => new Promise<void>(() => {});

  it('gives its place back, so that the seventeenth org’s cycle starts on time', async () => {
    const slow = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`slow${i}`, { cycle: never }]));
    const watch = watching({ ...slow, last: {} });
    await watch.pass(20 * minute);
    const [first = 9, second = 99, third = 99] = watch.cyclesOf('last');
    expect(first).toBeLessThanOrEqual(0.5);
    expect([second, third].map(Math.round)).toEqual([5, 10]);
  });

  it('delays other slow ones only, once it is known for it', async () => {
    const clocked = (n: number) => (n === 0 ? Promise.resolve() : never());
    const urls = Array.from({ length: 31 }, (_, i) => `slow${i}`);
    const watch = watching({
      ...Object.fromEntries(urls.map((url) => [url, { cycle: clocked }])),
      quick: {},
    });
    await watch.pass(20 * minute);
    const [, second = 99, third = 999] = watch.cyclesOf('quick');
    // So many that turn slow at once pass through sixteen places, a quarter of a minute each, before the quick one.
    expect(second).toBeLessThanOrEqual(6);
    expect(third - second).toBeLessThanOrEqual(5);
  });

  it('delays no other org’s first copy for ever either', async () => {
    const watch = watching({ a: { copy: never }, b: { copy: never }, c: { copy: async () => {} } });
    await watch.pass(40 * minute);
    expect(watch.log.filter((line) => line.endsWith('copy c'))).toHaveLength(1);
    expect(watch.cyclesOf('c').length).toBeGreaterThan(0);
  });

  it('and disabled meanwhile does not keep the watch from noticing other orgs', async () => {
    const watch = watching({ a: {}, b: { cycle: never }, later: {} });
    await settle();
    watch.wanted.urls = ['a', 'b'];
    await watch.pass(minute);
    const before = watch.cyclesOf('later').length;
    watch.wanted.urls = ['a', 'later'];
    await watch.pass(minute);
    expect(watch.cyclesOf('later').length).toBe(before + 1);
  });
});

describe('orgs that no request has reached for a while', () => {
  const out = () =>
    Promise.reject(
      new AppError('NETWORK_UNREACHABLE', 'No network.', { details: { network: 'unreachable' } }),
    );

  it.each([9, 30])('do not wait for %i others whose first cycle behind that takes hours', async (count) => {
    const underWay = { now: 0, most: 0 };
    const end = Promise.withResolvers<void>();
    const slow = async (n: number) => {
      if (n === 0) return out();
      underWay.most = Math.max(underWay.most, ++underWay.now);
      await end.promise;
      underWay.now--;
    };
    const slowOnes = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`slow${i}`, { cycle: slow }]),
    );
    const quick = (n: number) => (n === 0 ? out() : Promise.resolve());
    const watch = watching({ ...slowOnes, last: { cycle: quick }, quick: {} });
    await watch.pass(20 * minute, 10_000);
    expect(underWay.most).toBe(count);
    expect(watch.cyclesOf('last').length).toBeGreaterThan(3);
    expect(watch.cyclesOf('quick').length).toBeGreaterThan(3);
    end.resolve();
    await settle();
    expect(underWay.now).toBe(0);
    // Each was one cycle, in whichever places.
    expect(watch.cyclesOf('slow0')).toHaveLength(2);
    await watch.stop();
  });

  it('are not more at once than there are places, each of which holds files and connections', async () => {
    const underWay = { now: 0, most: 0 };
    const slow = async (n: number, end: AbortSignal) => {
      if (n === 0) return out();
      underWay.most = Math.max(underWay.most, ++underWay.now);
      await new Promise((resolve) => end.addEventListener('abort', resolve));
    };
    const urls = Array.from({ length: 100 }, (_, i) => [`slow${i}`, { cycle: slow }]);
    const watch = watching(Object.fromEntries(urls));
    await watch.pass(40 * minute, 10_000);
    expect(underWay.most).toBe(40 + 8);
    await watch.stop();
  });
});

describe('orgs that give no answer', () => {
  const half = 0.5 * minute;
  const dead = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`dead${i}`, { silentFrom: 0 }]));

  it('keep none of four hundred others waiting, though they are a hundred', async () => {
    const urls = Array.from({ length: 400 }, (_, i) => `quick${i}`);
    // By turns, four quick ones to each dead one.
    const orgs = Object.fromEntries(
      urls.flatMap((url, i) => [
        ...(i % 4 === 0 ? [[`dead${i}`, { silentFrom: 0 }] as const] : []),
        [url, {}] as const,
      ]),
    );
    const watch = watching(orgs, { intervalMs: half });
    let most = 0;
    // Until those of the first rush that could stay have waited as long as a call does.
    await watch.pass(4 * minute);
    for (let i = 0; i < 72; i++) {
      await watch.pass(5_000);
      most = Math.max(most, watch.unanswered.size);
    }
    for (const url of urls) {
      const starts = watch.cyclesOf(url);
      expect(starts.length).toBeGreaterThanOrEqual(19);
      const apart = starts.slice(1).map((start, i) => start - (starts[i] as number));
      // The clock goes by steps of five seconds.
      expect(Math.max(...apart)).toBeLessThanOrEqual((half + 5_000) / minute);
    }
    // Those that are known for it wait for each other in places of their own.
    expect(most).toBe(8);
    await watch.stop();
  });

  it.each([
    { how: 'at the same time', dead: 250, urls: 500 },
    { how: 'though they are nine of ten', dead: 360, urls: 400 },
  ])('keep no other waiting either where they have all turned so $how', async ({ dead, urls }) => {
    const isDead = (i: number) => Math.floor((i * dead) / urls) < Math.floor(((i + 1) * dead) / urls);
    const orgs = Object.fromEntries(
      Array.from({ length: urls }, (_, i) =>
        isDead(i) ? [`dead${i}`, { silentFrom: 2 }] : [`quick${i}`, {}],
      ),
    );
    const watch = watching(orgs, { intervalMs: half });
    await watch.pass(2 * half - 500, 500);
    expect(watch.unanswered.size).toBe(0);
    let most = 0;
    for (let i = 0; i < 150; i++) {
      await watch.pass(1_000, 500);
      most = Math.max(most, watch.unanswered.size);
    }
    for (const url of Object.keys(orgs).filter((url) => url.startsWith('quick'))) {
      const starts = watch.cyclesOf(url);
      const apart = starts.slice(1).map((start, i) => start - (starts[i] as number));
      expect(Math.max(...apart) * minute).toBeLessThanOrEqual(half + 1_000);
    }
    // Of the live ones' places and of those that silent ones have for themselves.
    expect(most).toBeLessThanOrEqual(40 + 8);
    expect(watch.log.filter((line) => line.startsWith('failed')).length).toBeGreaterThan(0);
    await watch.stop();
  });

  it('fails nothing for being slow beside dead ones', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`dead${i}`, { silentFrom: 2 }]));
    const late = { silentFrom: 2, answersAfterMs: 3_000 };
    const watch = watching({ late, ...many }, { intervalMs: half });
    await watch.pass(2 * half + 2 * minute, 500);
    // It was moved out of the way at first, which counts as no failure.
    const starts = watch.cyclesOf('late').map((start) => Math.round((start * minute) / 1_000));
    const [, , third = 0, fourth = 0] = starts;
    expect(fourth - third).toBeLessThan(25);
    expect(watch.log.filter((line) => line.startsWith('failed late'))).toEqual([]);
    expect(watch.log.filter((line) => line.startsWith('failed')).length).toBeGreaterThan(0);
    await watch.stop();
  });

  it('are waited for as long as a call may take where nobody waits for their place', async () => {
    const watch = watching({ ...dead(30), quick: {} });
    await watch.pass(2 * minute);
    expect(watch.unanswered.size).toBe(30);
    expect(watch.log.filter((line) => line.startsWith('failed'))).toEqual([]);
    await watch.pass(2 * minute);
    expect(watch.log.filter((line) => line.startsWith('failed'))).toHaveLength(30);
    await watch.stop();
  });
});

it.each([
  ['a stop', (daemon: Daemon) => daemon.stop()],
  ['the end of its one turn', async () => {}],
])('what runs beside the loops is over before the daemon is, by %s', async (how, end) => {
  const log: string[] = [];
  const clock = manualClock(0);
  const daemon = new Daemon({
    list: async () => [],
    lostLogin: async () => ({ isOver: true, isReplaced: async () => true }),
    open: () => Promise.reject(new Error('no org')),
    onFailed() {},
    onSkipped() {},
    onListFailed() {},
    onResumed() {},
    onRecovered() {},
    async alongside(signal) {
      await clock.sleep(60 * minute, { signal }).catch(() => {});
      await settle();
      log.push('beside');
    },
    intervalMs: minute,
    once: how !== 'a stop',
    clock,
    signal: new AbortController().signal,
  });
  const done = daemon.start().then(() => log.push('daemon'));
  await settle();
  await end(daemon);
  await done;
  expect(log).toEqual(['beside', 'daemon']);
});
