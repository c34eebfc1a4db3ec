import { expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import type { PushOptions } from '../../src/contract/push.ts';
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
