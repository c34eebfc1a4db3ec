import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCodeOf } from '../../src/base/error-codes.ts';
import { AppError } from '../../src/base/errors.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { errorInfoOf } from '../../src/contract/error-info-of.ts';

const reference = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8');
const codes = [...reference.matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| \d/gm)].flatMap(([, list = '']) =>
  list.replaceAll('`', '').split(', '),
);

describe('an error whose thrower gave no hint', () => {
  const bare = (code: string) => errorInfoOf(new AppError(errorCodeOf(code), 'It failed.'));

  it.each([
    'BULK_JOB_FAILED',
    'BULK_JOB_INCOMPLETE',
    'PAGING_STUCK',
    'LOCK_TIMEOUT',
    'ORG_BUSY',
    'TIMEOUT',
    'SALESFORCE_ERROR',
    'IN_DOUBT',
  ])('%s still says what to do', (code) => {
    expect(codes).toContain(code);
    expect(bare(code).hint).toMatch(/[Rr]un|wait|outbox list/);
  });

  it('of another process says so by every code that ends with 6', () => {
    const busy = codes.filter((code) => exitCodeOf(code) === 6);
    expect(busy.length).toBeGreaterThan(2);
    for (const code of busy) expect(bare(code).hint).toMatch(/Another process/);
  });

  it('keeps a hint that was given, and has none for a code that nobody knows', () => {
    expect(errorInfoOf(new AppError('TIMEOUT', 'x', { hint: 'Mend the cable.' })).hint).toBe(
      'Mend the cable.',
    );
    expect(bare('NOBODY_KNOWS').hint).toBeNull();
    expect(bare('constructor').hint).toBeNull();
  });
});
