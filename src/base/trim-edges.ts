/**
 * Without the blanks and control characters at both ends that Salesforce takes off; a no-break space stays.
 * Source: Apex Developer Guide, "Primitive Data Types" (String).
 */
export function trimEdges(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && text.charCodeAt(from) <= 0x20) from++;
  while (from < to && text.charCodeAt(to - 1) <= 0x20) to--;
  return text.slice(from, to);
}
