import { expect, it } from 'vitest';
import { followPrograms } from '../../src/usecases/follow-programs.ts';
import { manualClock } from '../support/manual-clock.ts';

const settle = async () => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

function following(first: readonly string[]) {
  const clock = manualClock();
  const commits = new Map<string, number | null>();
  const open = new Set<string>();
  const told: string[] = [];
  let orgs = first;
  let listed = Promise.withResolvers<void>();
  let looks = 0;
  const stop = new AbortController();
  const done = followPrograms(
    {
      clock,
      mirrors: {
        programCommits(url) {
          open.add(url);
          return {
            look: () => {
              looks++;
              return commits.get(url) ?? null;
            },
            [Symbol.dispose]: () => void open.delete(url),
          };
        },
      },
    },
    { orgs: () => orgs, changed: () => listed.promise, onCommit: (url) => told.push(url) },
    stop.signal,
  );
  return {
    clock,
    commits,
    open,
    told,
    looks: () => looks,
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 500) {
        clock.advance(500);
        await settle();
      }
    },
    async list(now: readonly string[]) {
      orgs = now;
      listed.resolve();
      listed = Promise.withResolvers();
      await settle();
    },
    async stop() {
      stop.abort();
      await done;
    },
  };
}

it('tells of each commit within two seconds, once, and of what may have come before the first look', async () => {
  const programs = following(['a', 'b']);
  programs.commits.set('a', 3);
  await programs.pass(1_000);
  expect(programs.told).toEqual(['a']);
  await programs.pass(10_000);
  expect(programs.told).toEqual(['a']);
  programs.commits.set('b', 0);
  programs.commits.set('a', 4);
  await programs.pass(2_000);
  expect(programs.told.toSorted()).toEqual(['a', 'a', 'b']);
  // A mirror that cannot be read for a moment has no new commit when it can be again.
  programs.commits.set('a', null);
  await programs.pass(2_000);
  programs.commits.set('a', 4);
  await programs.pass(2_000);
  expect(programs.told).toHaveLength(3);
  await programs.stop();
  expect(programs.open.size).toBe(0);
});

it('neither looks nor sleeps where no program may write, and follows the orgs as they are listed', async () => {
  const programs = following([]);
  await programs.pass(60_000);
  expect(programs.looks()).toBe(0);
  expect(programs.clock.sleeping()).toEqual([]);
  programs.commits.set('a', 1);
  await programs.list(['a']);
  expect(programs.told).toEqual(['a']);
  await programs.list([]);
  await programs.pass(1_000);
  expect(programs.open.size).toBe(0);
  expect(programs.clock.sleeping()).toEqual([]);
  await programs.stop();
});
