/**
 * Instants are stored as `YYYY-MM-DDTHH:MM:SS.sss`, always UTC and without a suffix: the text sorts, SQLite's date
 * functions read it, and both of Salesforce's spellings are it plus a suffix.
 */
export function storedInstant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23);
}

const twoDigits = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** The same for whole seconds, many of them: a day's text is made once, which Date takes most of its time for. */
export function createSecondStamps(): (seconds: number) => string {
  const days = new Map<number, string>();
  return (seconds) => {
    const day = Math.floor(seconds / 86_400);
    let text = days.get(day);
    if (text === undefined) {
      text = storedInstant(day * 86_400_000).slice(0, 11);
      days.set(day, text);
    }
    const rest = seconds - day * 86_400;
    const minutes = Math.floor(rest / 60);
    return `${text}${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[rest % 60]}.000`;
  };
}

/** A stamp has whole seconds, as SystemModstamp does. */
export function storedStamp(ms: number): string {
  return storedInstant(Math.floor(ms / 1000) * 1000);
}

export function instantMs(stored: string): number {
  return Date.parse(`${stored}Z`);
}

/** `2026-01-31T12:00:00.000+0000`, as REST writes instants. */
export function restInstant(ms: number): string {
  return `${storedInstant(ms)}+0000`;
}

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/i;

/**
 * Epoch milliseconds of an ISO 8601 date and time as Salesforce accepts it (seconds and fraction may be missing, the
 * zone may lack its colon; no zone means UTC); undefined where it is not one or names no real day.
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone = 'Z'] = match;
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(fraction.padEnd(3, '0').slice(0, 3)),
  );
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (parseDay(`${year}-${month}-${day}`) === undefined) return undefined;
  if (zone.toUpperCase() === 'Z') return utc;
  const sign = zone[0] === '-' ? -1 : 1;
  const digits = zone.slice(1).replace(':', '');
  return utc - sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}

/** A day `YYYY-MM-DD` that exists (Salesforce takes years from 1700 to 4000); undefined else. */
export function parseDay(text: string): string | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const exists = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return exists && Number(year) >= 1700 && Number(year) <= 4000 ? text : undefined;
}
