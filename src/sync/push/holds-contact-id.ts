/** `Contact ID` of a report, `sf__Id` of a bulk job's results, `18 Digit Id`, and no lookup to another contact. */
export function holdsContactId(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || !/^\s*003[A-Za-z0-9]{12}([A-Za-z0-5]{3})?\s*$/.test(value)) return false;
  const words = name.toLowerCase().replace(/[^a-z]/g, '');
  return /(^id|id$)/.test(words) && !/report|manager|master|parent|assistant|partner|referr/.test(words);
}
