import { expect, test } from 'vitest';
import { fakeApp } from '../support/fake-app.ts';
import { json, runMain } from '../support/run-main.ts';

const archive = (n: number) => ({
  instanceUrl: 'https://acme.my.salesforce.com',
  path: `/data/orgs/acme.my.salesforce.com.2026010${n}T000000Z.archived.db`,
  archivedAt: `2026-01-0${n}T00:00:00.000Z`,
  bytes: 1_572_864,
});

test('archives list shows each with its size, and its path uncut', async () => {
  const { app, calls } = fakeApp({
    archives: { list: async () => ({ archives: [archive(2), archive(1)] }) },
  });
  const { code, stdout } = await runMain(['archives', 'list', 'acme'], { app });
  expect(code).toBe(0);
  expect(stdout).toContain(archive(1).path);
  expect(stdout).toContain('1.5 MB');
  expect(calls).toContainEqual({ method: 'archives.list', options: { org: 'acme' } });
});

test('archives prune keeps the newest unless told, and says what it removed', async () => {
  const prune = async () => ({ removed: [archive(1)], kept: [archive(2)] });
  const { app, calls } = fakeApp({ archives: { prune } });
  const { code, stdout } = await runMain(['archives', 'prune'], { app });
  expect(code).toBe(0);
  expect(stdout).toContain('Removed 1 archived mirror (1.5 MB), 1 kept');
  expect(stdout).toContain(archive(1).path);
  expect(calls).toContainEqual({ method: 'archives.prune', options: { org: null, keep: 1 } });
  const as = await runMain(['archives', 'prune', '--keep', '0', '--json'], { app });
  expect(json(as.stdout)).toEqual({ removed: [archive(1)], kept: [archive(2)] });
  expect(calls.at(-1)?.options).toEqual({ org: null, keep: 0 });
});

test('archives without a command names what there is', async () => {
  const { code, stderr } = await runMain(['archives'], { app: fakeApp({}).app });
  expect(code).toBe(2);
  expect(stderr).toContain('list, prune');
});
