/**
 * A cell that no spreadsheet takes for a formula, which could fetch and send what else is in the sheet: text that
 * begins as one does gets an apostrophe before it. Numbers stay numbers. Source: OWASP, "CSV Injection"; the wide
 * forms are what Japanese and Chinese spreadsheets read as the narrow ones.
 */
export function excelSafeCell(value: unknown): unknown {
  return typeof value === 'string' && /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
}
