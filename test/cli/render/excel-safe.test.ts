import { describe, expect, test } from 'vitest';
import { fakeApp } from '../support/fake-app.ts';
import { runMain } from '../support/run-main.ts';

const formulas = [
  '=1+1',
  '+1 555 0100',
  '-2',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\n=1',
  '＝1',
  '=HYPERLINK("http://x")',
];
const harmless = ['Ng', 'a=b', ' =1', "'=1", '1-2', ''];

const app = () =>
  fakeApp({
    contacts: {
      export: async () => ({
        instanceUrl: 'https://acme.my.salesforce.com',
        columns: [
          { name: 'LastName', type: 'string' },
          { name: 'Amount__c', type: 'double' },
        ],
        batches: (async function* () {
          yield [...formulas, ...harmless].map((text) => [text, -5]);
        })(),
      }),
    },
  }).app;

describe('an export for a spreadsheet', () => {
  test('holds no formula, and numbers stay numbers', async () => {
    const { stdout } = await runMain(['contacts', 'export', '--excel-safe'], { app: app() });
    expect(stdout).toBe(
      'LastName,Amount__c\n\'=1+1,-5\n\'+1 555 0100,-5\n\'-2,-5\n\'@SUM(A1),-5\n\'\t=1,-5\n"\'\r=1",-5\n"\'\n=1",-5\n\'＝1,-5\n"\'=HYPERLINK(""http://x"")",-5\n' +
        'Ng,-5\na=b,-5\n" =1",-5\n\'=1,-5\n1-2,-5\n,-5\n',
    );
  });

  test('is exact without the flag, so that it can be pushed back', async () => {
    const { stdout } = await runMain(['contacts', 'export'], { app: app() });
    expect(stdout).toContain('\n=1+1,-5\n+1 555 0100,-5\n-2,-5\n@SUM(A1),-5\n');
  });

  test.each([['--format', 'json'], ['--output', '/nowhere/a.ndjson'], ['--json']])(
    'is CSV: %s %s',
    async (...more) => {
      const { code, stderr, stdout } = await runMain(['contacts', 'export', '--excel-safe', ...more], {
        app: app(),
      });
      expect(code).toBe(2);
      expect(stderr + stdout).toContain('--excel-safe');
    },
  );
});
