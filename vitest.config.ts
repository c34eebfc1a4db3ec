import { defineConfig } from 'vitest/config';
import LongestFirst from './test/report/longest-first.ts';

// The deep run repeats ten times as often.
const boundMs = process.env.PARAHACK_DEEP === undefined ? 120_000 : 1_200_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes, browsers and keychains on two shared cores; a bound against hanging, never a measurement.
    testTimeout: boundMs,
    hookTimeout: boundMs,
    pool: 'forks',
    // Half of the time the tests wait, for disks and for processes that back off: two cores take twice as many.
    maxWorkers: 4,
    // The writer's thread, which nearly every mirror of a test starts, is loaded without stripping its types and compiling
    // it anew: a third of the processor's time of both. So are children that run a script of the tests'.
    env: { NODE_COMPILE_CACHE: new URL('node_modules/.cache/compiled', import.meta.url).pathname },
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/report/summary-reporter.ts'],
  },
});
