import { expect, test } from 'vitest';
import { OrgNames } from '../../../src/cli/org-names.ts';
import { createLineProgress } from '../../../src/cli/progress/line-progress.ts';

const instanceUrl = 'https://acme.my.salesforce.com';

test('a push tells every few seconds how far it is, and its end at once', () => {
  const lines: string[] = [];
  let now = 0;
  const progress = createLineProgress((line) => lines.push(line), {
    now: () => now,
    orgNames: new OrgNames(() => 0),
    why: false,
  });
  const settled = [1, 200, 400, 600, 700, 700, 700];
  for (const [i, count] of settled.entries()) {
    now = i * 2_000;
    progress.show({ event: 'push:progress', instanceUrl, settled: count, total: 700, older: 0 });
  }
  expect(lines).toEqual([
    'acme.my.salesforce.com: 600 of 700 records sent',
    'acme.my.salesforce.com: 700 of 700 records sent',
  ]);
});

test.each([
  ['asked', 'it was asked for', 'comparing 2,000 contacts'],
  ['scheduled', 'it is due by the timetable', 'comparing 2,000 contacts, because it is due by the timetable'],
] as const)('a comparison says why where it was not asked for: %s', (cause, reason, text) => {
  const lines: string[] = [];
  const progress = createLineProgress((line) => lines.push(line), {
    now: () => 0,
    orgNames: new OrgNames(() => 0),
    why: false,
  });
  const counts = { expected: 2_000, resumed: false, dryRun: false, runId: '1' };
  progress.show({ event: 'reconcile:start', instanceUrl, cause, reason, api: 'rest', ...counts });
  expect(lines).toEqual([`acme.my.salesforce.com: ${text}`]);
});
