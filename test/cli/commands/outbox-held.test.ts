import { expect, test } from 'vitest';
import { fakeApp } from '../support/fake-app.ts';
import { outboxList } from '../support/listed.ts';
import { runMain } from '../support/run-main.ts';

const entry = {
  key: 'b1946ac9-0000-4000-8000-000000000000',
  instanceUrl: 'https://acme.my.salesforce.com',
  op: 'delete' as const,
  contactKey: '003A',
  contactId: '003A',
  changes: {},
  fields: [],
  contact: { name: 'Ng', email: null },
  state: 'held' as const,
  attempts: 0,
  errors: [],
  createdAt: '2026-03-01T11:00:00.000Z',
  sentAt: null,
  settledAt: null,
};
const details = {
  ...entry,
  base: null,
  found: null,
  way: null,
  api: null,
  upsertField: null,
  allowDuplicates: false,
  doubt: null,
  waitsForRequestOf: null,
  waitsFor: [],
};

test('the list says why an entry is held and the ways on, as the view does', async () => {
  const { app } = fakeApp({ outbox: { list: async () => outboxList([entry]) } });
  expect((await runMain(['outbox', 'list'], { app })).stdout).toContain(
    'Held, for it is much at once with all that waits: `parahack-sync outbox approve --all` lets it be sent, `parahack-sync outbox drop --all --state held` gives it up.',
  );
});

test('an entry that is held is shown with the reason and the ways on for it alone', async () => {
  const { app } = fakeApp({ outbox: { show: async () => ({ entry: details, salesforce: null }) } });
  expect((await runMain(['outbox', 'show', 'b1'], { app })).stdout).toMatch(
    new RegExp(
      `^ +decide +Held, for it is much at once with all that waits: \`parahack-sync outbox approve ${entry.key}\` lets it be sent, \`parahack-sync outbox drop ${entry.key}\` gives it up\\.$`,
      'm',
    ),
  );
});

test('an entry in another state is said to be held nowhere', async () => {
  const show = async () => ({ entry: { ...details, state: 'pending' as const }, salesforce: null });
  const { app } = fakeApp({
    outbox: { show, list: async () => outboxList([{ ...entry, state: 'pending' as const }]) },
  });
  expect((await runMain(['outbox', 'list'], { app })).stdout).not.toContain('Held');
  expect((await runMain(['outbox', 'show', 'b1'], { app })).stdout).not.toContain('Held');
});
