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
