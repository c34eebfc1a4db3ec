import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { parseRetryAfter } from '../../src/salesforce/retry-after.ts';

describe('a sleep of more than a timer holds', () => {
  it('does not end at once', async () => {
    const stop = new AbortController();
    let ended = false;
    const sleep = systemClock.sleep(2 ** 40, { signal: stop.signal }).then(
      () => {
        ended = true;
      },
      () => {},
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    await sleep;
    expect(ended).toBe(false);
  });

  it('is never asked for by an org, which may ask for a day at most', () => {
    const day = 86_400_000;
    expect(parseRetryAfter('99999999999999999999', null, 0)).toBe(day);
    expect(parseRetryAfter('Fri, 31 Dec 9999 23:59:59 GMT', 'Sat, 31 Jan 2026 12:00:00 GMT', 0)).toBe(day);
    expect(parseRetryAfter('120', null, 0)).toBe(120_000);
  });

  it('is not known where the header is neither seconds nor a date', () => {
    for (const header of ['-5', '1.5', '5s', '', 'soon'])
      expect(parseRetryAfter(header, null, 0), header).toBeNull();
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', null, Date.now())).toBe(0);
  });
});
