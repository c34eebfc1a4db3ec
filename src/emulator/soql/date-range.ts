const DAY_MS = 86_400_000;

/** A span of whole days, as epoch milliseconds: from the start of its first day to the start of the day after it. */
export interface DayRange {
  readonly startMs: number;
  readonly endMs: number;
}

function day(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Weeks start on Sunday, as in the locale en_US. */
function week(ms: number): number {
  const today = day(ms);
  return today - new Date(today).getUTCDay() * DAY_MS;
}

function month(ms: number, offset: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
}

function quarter(ms: number, offset: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), (Math.floor(date.getUTCMonth() / 3) + offset) * 3, 1);
}

function year(ms: number, offset: number): number {
  return Date.UTC(new Date(ms).getUTCFullYear() + offset, 0, 1);
}

/** The start of the unit that lies `offset` units from now's. */
type UnitStart = (ms: number, offset: number) => number;

const UNITS: Readonly<Record<string, UnitStart>> = {
  DAY: (ms, offset) => day(ms) + offset * DAY_MS,
  WEEK: (ms, offset) => week(ms) + offset * 7 * DAY_MS,
  MONTH: month,
  QUARTER: quarter,
  YEAR: year,
  // The org's fiscal year is the calendar year (Organization.FiscalYearStartMonth is 1).
  FISCAL_QUARTER: quarter,
  FISCAL_YEAR: year,
};

/**
 * The span a date literal means at `nowMs` (SOQL reference, "Date Formats and Date Literals"), in the org's zone,
 * which is GMT; undefined for a name that is no date literal.
 */
export function dateRange(literal: string, nowMs: number): DayRange | undefined {
  const [name = '', count] = literal.toUpperCase().split(':');
  const n = Number(count);
  const between = (unit: UnitStart, from: number, to: number): DayRange => ({
    startMs: unit(nowMs, from),
    endMs: unit(nowMs, to),
  });
  const days = UNITS.DAY!;
  if (name === 'TODAY') return between(days, 0, 1);
  if (name === 'YESTERDAY') return between(days, -1, 0);
  if (name === 'TOMORROW') return between(days, 1, 2);
  // "Starts with the current day and continues for the past 90 days", the current day besides.
  if (name === 'LAST_90_DAYS') return between(days, -90, 1);
  if (name === 'NEXT_90_DAYS') return between(days, 1, 91);
  if (name === 'LAST_N_DAYS') return between(days, -n, 1);
  if (name === 'NEXT_N_DAYS') return between(days, 1, n + 1);
  const whole = /^(LAST|THIS|NEXT)_(.+)$/.exec(name);
  const unit = whole && UNITS[whole[2]!];
  if (whole && unit) {
    const offset = { LAST: -1, THIS: 0, NEXT: 1 }[whole[1] as 'LAST' | 'THIS' | 'NEXT'];
    return between(unit, offset, offset + 1);
  }
  const many = /^(LAST|NEXT)_N_(.+)S$/.exec(name);
  const manyUnit = many && UNITS[many[2]!];
  if (many && manyUnit) return many[1] === 'LAST' ? between(manyUnit, -n, 0) : between(manyUnit, 1, n + 1);
  const ago = /^N_(.+)S_AGO$/.exec(name);
  const agoUnit = ago && UNITS[ago[1]!];
  if (ago && agoUnit) return between(agoUnit, -n, -n + 1);
  return undefined;
}
