/** What people write between a phone number's digits. */
export const phoneMarks = [' ', '(', ')', '-', '.', '/', '+'];

/** A text without what people write between digits. */
export function bareText(text: string): string {
  return phoneMarks.reduce((bare, mark) => bare.replaceAll(mark, ''), text);
}

/** The digits of a text that is written as a phone number is, and long enough for one. */
export function numberIn(text: string): string | null {
  const digits = text.replace(/\D/g, '');
  return digits.length >= 4 && /^[\d\s()+./-]+$/.test(text) ? digits : null;
}
