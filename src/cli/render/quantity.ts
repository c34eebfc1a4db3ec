/** 1234567 → `1,234,567`; null → `unknown`. */
export function count(n: number | null): string {
  if (n === null) return 'unknown';
  // By hand: the first use of Intl loads its tables, which takes a tenth of a whole `status`.
  return String(Math.round(n)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** 1536 → `1.5 KB` */
export function byteSize(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${Number(size.toFixed(size < 10 && unit > 0 ? 1 : 0))} ${units[unit]}`;
}

/** `1 contact`, `2 contacts`. */
export function counted(n: number, noun: string, plural = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : plural}`;
}

/** 0.25 → `25%`, 0.125 → `12.5%`, and of the least shares two digits: 0.0012 → `0.12%`, never `0%` of what is there. */
export function percent(share: number): string {
  const hundredths = share * 100;
  return `${Number(hundredths < 1 ? hundredths.toPrecision(2) : hundredths.toFixed(1))}%`;
}
