import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assertNodeVersion } from '../../src/base/node-version.ts';

test.each(['22.19.0', '22.20.1', '24.0.0', '100.1.0'])('%s is new enough', (version) => {
  expect(() => assertNodeVersion(version)).not.toThrow();
});

test.each(['20.20.2', '22.18.9', '9.99.0', '22.2.0'])('%s is too old, and that is said', (version) => {
  expect(() => assertNodeVersion(version)).toThrow(
    expect.objectContaining({
      code: 'NOT_AVAILABLE',
      message: `parahack-sync needs Node.js 22.19 or newer and was started by ${version}.`,
    }),
  );
});

test('the command and the package ask for the same version', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  expect(JSON.parse(read('package.json')).engines.node).toBe('>=22.19');
  expect(read('bin/parahack-sync.js')).toContain('const required = [22, 19];');
});
