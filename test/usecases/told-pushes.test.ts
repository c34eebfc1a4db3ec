import { expect, it } from 'vitest';
import type { CycleCompleteEvent } from '../../src/contract/watch.ts';
import { ToldPushes } from '../../src/usecases/told-pushes.ts';

const instanceUrl = 'https://a.example';
const behind = { conflicts: 0, held: 0, inDoubt: 0 };
const nothing: CycleCompleteEvent = {
  event: 'cycle:complete',
  instanceUrl,
  upserted: 0,
  deleted: 0,
  undeleted: 0,
  pushed: 0,
  rejected: 0,
  inDoubt: 0,
  conflicts: 0,
  held: 0,
  unsent: 0,
  behind,
  doubts: 0,
  pushError: null,
  outbox: { pending: 0, rejected: 0, inDoubt: 0, held: 0, conflicts: 0 },
  coveredUntil: null,
  apiCalls: 2,
  durationMs: 1,
  runId: 'run',
};
const pushError = { code: 'NETWORK_UNREACHABLE', message: 'No way there.', hint: null, details: null };
const troubled = { ...nothing, rejected: 1, conflicts: 2, held: 3, unsent: 4, doubts: 5, pushError };
const told = { rejected: 1, conflicts: 2, held: 3, unsent: 4, inDoubt: 5, behind, error: pushError };
const tried = { isTried: true };

it('what waits for a person is added up over the cycles of one turn, and what waits to be sent is that of the last', () => {
  const pushes = new ToldPushes({ once: true });
  expect(pushes.of(instanceUrl)).toBeNull();
  pushes.see(troubled, tried);
  expect(pushes.of(instanceUrl)).toEqual(told);
  pushes.see(nothing, tried);
  expect(pushes.of(instanceUrl)).toEqual({ ...told, unsent: 0, inDoubt: 0, error: null });
  pushes.see(troubled, tried);
  expect(pushes.of(instanceUrl)).toEqual({ ...told, rejected: 2, conflicts: 4, held: 6 });
});

it('a cycle of the same turn that has not looked at the outbox says nothing of it', () => {
  const pushes = new ToldPushes({ once: true });
  pushes.see(troubled, tried);
  pushes.see(nothing, { isTried: false });
  expect(pushes.of(instanceUrl)).toEqual(told);
});

it('a watch that goes on knows the last of each org', () => {
  const pushes = new ToldPushes({ once: false });
  pushes.see(troubled, tried);
  pushes.see({ ...nothing, conflicts: 1 }, tried);
  pushes.see({ ...troubled, instanceUrl: 'https://b.example' }, tried);
  expect(pushes.of(instanceUrl)).toMatchObject({ rejected: 0, conflicts: 1, held: 0, unsent: 0 });
});
