/** `Total: 3`, `(3 rows)`, `3 records selected.`, `Grand Totals (3 records)`: what reports and shells print last. */
const footers = [
  /^\W*(?:grand |sub)?totals?\b[\s:=(]*(\d[\d.,]*)?\D*$/i,
  /^\W*(?:sum|count|summe|gesamt|anzahl|rows?|records?)\b[\s:=(]*(\d[\d.,]*)\D*$/i,
  /^\W*(\d[\d.,]*)\s+(?:rows?|records?|contacts?|zeilen|datens[äa]tze|kontakte|lignes?)\b\D*$/i,
  // What a report of Salesforce ends with.
  /^(?:Copyright \(c\) .*salesforce|Confidential Information - Do Not Distribute)()/i,
];
/** No name is longer. */
const longest = 200;

/** Whether a record's only text looks like a table's footer; `counts` is the number that it says, where it says one. */
export function asFooter(text: string): { counts: number | null } | null {
  const trimmed = text.trim();
  if (trimmed.length > longest) return null;
  for (const footer of footers) {
    const found = footer.exec(trimmed);
    if (found === null) continue;
    const digits = found[1]?.replace(/[.,]/g, '') ?? '';
    return { counts: digits === '' ? null : Number(digits) };
  }
  return null;
}
