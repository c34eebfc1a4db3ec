import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { WatchEvent } from '../../src/contract/watch.ts';

type Keys<E> = Record<Exclude<keyof E, 'event'>, true>;

const error = true;
const instanceUrl = true;
const progress = {
  instanceUrl,
  contacts: true,
  expected: true,
  contactsPerSecond: true,
  remainingMs: true,
  apiCalls: true,
  chunksDone: true,
  chunks: true,
} as const;

/** The compiler holds this against the types: an event or a key that is missing here, or one too many, is an error. */
const keys: { [Name in WatchEvent['event']]: Keys<Extract<WatchEvent, { event: Name }>> } = {
  'watch:start': { orgs: true, intervalMs: true, once: true, pid: true },
  'cycle:complete': {
    instanceUrl,
    upserted: true,
    deleted: true,
    undeleted: true,
    pushed: true,
    rejected: true,
    inDoubt: true,
    conflicts: true,
    held: true,
    unsent: true,
    behind: true,
    doubts: true,
    pushError: true,
    outbox: true,
    coveredUntil: true,
    apiCalls: true,
    durationMs: true,
    runId: true,
  },
  'push:complete': {
    instanceUrl,
    pushed: true,
    rejected: true,
    inDoubt: true,
    conflicts: true,
    held: true,
    unsent: true,
    behind: true,
    doubts: true,
    pushError: true,
    outbox: true,
    apiCalls: true,
    durationMs: true,
    runId: true,
  },
  'cycle:failed': { instanceUrl, error, retryInMs: true, failures: true, endsWatch: true },
  'cycle:skipped': { instanceUrl, error, retryInMs: true },
  'cycle:recovered': { instanceUrl, failures: true, lastedMs: true },
  'interval:stretched': { instanceUrl, intervalMs: true, stretchedMs: true },
  'interval:restored': { instanceUrl, intervalMs: true },
  'org:added': { instanceUrl, alias: true },
  'org:removed': { instanceUrl },
  'org:renamed': { instanceUrl, alias: true },
  'watch:resumed': { suspendedMs: true },
  'backfill:start': { instanceUrl, api: true, reason: true, expected: true, resumed: true, runId: true },
  'backfill:progress': progress,
  'backfill:complete': { instanceUrl, contacts: true, durationMs: true, apiCalls: true, runId: true },
  'reconcile:start': {
    instanceUrl,
    cause: true,
    reason: true,
    api: true,
    expected: true,
    resumed: true,
    dryRun: true,
    runId: true,
  },
  'reconcile:progress': progress,
  'reconcile:complete': {
    instanceUrl,
    cause: true,
    checked: true,
    missing: true,
    stale: true,
    ghosts: true,
    held: true,
    repaired: true,
    recalculated: true,
    compared: true,
    durationMs: true,
    apiCalls: true,
    runId: true,
  },
  'reconcile:failed': { instanceUrl, error, retryInMs: true },
  'watch:stop': { reason: true, cycles: true, failed: true, skipped: true },
};

it('docs/reference/events.md has each event of a watch with its keys, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/events.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+:\w+)` \| ([^|]*) \|/gm)].map(([, event, cells]) => [
    event,
    [...(cells as string).matchAll(/`(\w+)`/g)].map(([, key]) => key),
  ]);
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(Object.entries(keys).map(([event, of]) => [event, Object.keys(of)])),
  );
});
