import { expect, test } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import { tellDoubts } from '../../src/sync/push/progress/drain-progress.ts';

test('one contact in doubt is spoken of as one, several as several', () => {
  const told: string[] = [];
  const context = {
    object: contact,
    remote: { instanceUrl: 'https://acme.my.salesforce.com' },
    log: { warn: (message: string) => void told.push(message) },
  } as unknown as SyncContext;
  tellDoubts(context, ['a']);
  tellDoubts(context, ['a', 'b']);
  expect(told).toEqual([
    'https://acme.my.salesforce.com: 1 contact was sent and its answer never came; it stays in doubt until Salesforce tells what became of it',
    'https://acme.my.salesforce.com: 2 contacts were sent and their answer never came; they stay in doubt until Salesforce tells what became of them',
  ]);
});
