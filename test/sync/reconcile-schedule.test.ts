import { describe, expect, it } from 'vitest';
import { isReconcileDue } from '../../src/sync/reconcile/schedule.ts';

const dayMs = 86_400_000;
const everyMs = 7 * dayMs;
const at = Date.UTC(2026, 0, 1);
const urls = Array.from({ length: 500 }, (_, n) => `https://org-${n}.my.salesforce.com`);

/** After how many hours an org is due, to the hour. */
function dueAfterHours(instanceUrl: string): number {
  for (let hours = 0; ; hours++)
    if (isReconcileDue(at, { now: at + hours * 3_600_000, everyMs, instanceUrl })) return hours;
}

describe('the timetable of reconciles', () => {
  it('is once in the time that was asked for, and never later', () => {
    for (const url of urls) {
      expect(isReconcileDue(at, { now: at + everyMs, everyMs, instanceUrl: url })).toBe(true);
      expect(isReconcileDue(at, { now: at + 0.84 * everyMs, everyMs, instanceUrl: url })).toBe(false);
    }
  });

  it('spreads orgs that were connected together, and is the same for one org each time', () => {
    const hours = urls.map(dueAfterHours);
    const perHour = new Map<number, number>();
    for (const hour of hours) perHour.set(hour, (perHour.get(hour) ?? 0) + 1);
    expect(perHour.size).toBeGreaterThan(20);
    expect(Math.max(...perHour.values())).toBeLessThan(50);
    expect(urls.map(dueAfterHours)).toEqual(hours);
  });
});
