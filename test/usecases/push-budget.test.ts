import { expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { PushOptions } from '../../src/contract/push.ts';
import { orgRunsHigh, shareIsUsed } from '../../src/sync/budget/budget-refusals.ts';
import { pushRecords } from '../../src/usecases/push.ts';
import { orgFor } from '../orgs/org-for.ts';
import { partsOf } from './parts.ts';

it('a push loads and starts what it will take before it waits for its session', async () => {
  const a = orgFor('a');
  const done: string[] = [];
  const session = () => {
    done.push('session');
    return new AppError('LOGIN_REQUIRED', 'Nobody is logged in.');
  };
  const parts = partsOf([a], { [a.instanceUrl]: { session } });
  parts.mirrors.startWriting = () => void done.push('writer');
  const more = { loadAhead: () => void done.push('calls'), closeLater: () => async () => {} };
  const context = { signal: new AbortController().signal, onEvent: () => {} };
  const pushed = pushRecords({ ...parts, ...more }, { org: null } as PushOptions, context);
  await expect(pushed).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
  expect(done.toSorted()).toEqual(['calls', 'session', 'writer']);
  expect(done.at(-1)).toBe('session');
});

it('a push that the share ends before its records came into the outbox says so, and nothing of an earlier try that may wait there', async () => {
  const a = orgFor('a');
  const hint = 'It goes on by itself.';
  const session = () => new AppError('API_BUDGET_EXHAUSTED', 'The share is used.', { hint });
  const parts = {
    ...partsOf([a], { [a.instanceUrl]: { session } }),
    loadAhead: () => {},
    closeLater: () => async () => {},
  };
  const context = { signal: new AbortController().signal, onEvent: () => {} };
  const pushed = () => pushRecords(parts, { org: null } as PushOptions, context);
  await expect(pushed()).rejects.toMatchObject({
    code: 'API_BUDGET_EXHAUSTED',
    message: 'The share is used.',
    hint: expect.stringMatching(
      /this push has put nothing into the outbox: push the records again later.*an earlier try/,
    ),
  });
  // The records were not looked at, so that nobody knows whether the same ones wait.
  await expect(pushed()).rejects.toMatchObject({ hint: expect.not.stringMatching(/none of the records/) });
});

it('a push that the org as a whole ends is not told to raise this tool’s share, which helps only where that is used', async () => {
  const a = orgFor('a');
  const { instanceUrl } = a;
  const told = async (session: () => AppError) => {
    const parts = {
      ...partsOf([a], { [instanceUrl]: { session } }),
      loadAhead: () => {},
      closeLater: () => async () => {},
    };
    const context = { signal: new AbortController().signal, onEvent: () => {} };
    const error = await pushRecords(parts, { org: null } as PushOptions, context).catch((e: AppError) => e);
    return (error as AppError).hint;
  };
  const reported = { used: 100, max: 100, at: 0, app: null };
  const ofApp = { ...reported, used: 1, app: { used: 9, max: 9 } };
  const share = { own: 25, limit: 25, share: 0.25, retryAfterMs: 60_000 };
  for (const purpose of ['push', 'pull'] as const) {
    const ofShare = await told(() => shareIsUsed(instanceUrl, { ...share, purpose }));
    expect(ofShare).toContain('--budget');
    for (const usage of [reported, ofApp]) {
      const hint = await told(() =>
        orgRunsHigh(instanceUrl, { reported: usage, purpose, retryAfterMs: 60_000 }),
      );
      expect(hint).toMatch(/put nothing into the outbox.*`parahack-sync limits`/);
      expect(hint).not.toContain('--budget');
    }
  }
});
