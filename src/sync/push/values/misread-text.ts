import type { Field } from '../../ports/field.ts';
import { type FieldFault, quoted } from './typed.ts';

/**
 * UTF-8 that was read as Windows-1252: `ü` as `Ã¼`, `’` as `â€™`. Two letters that a text has side by side for other
 * reasons are left out, so that nothing is refused that is right: a quote after a capital `Ã`, and what may stand
 * behind the last letter of a word in capitals (`AMANHÃ…`, `IRMÃ®`).
 */
const misread =
  /Ã(?:[\u0081\u008d\u008f\u0090\u009d¡-¨¬\u00ad¯±´-¶¸¼-¿ƒ„ˆ‰Š‹ŒŽŸšœž]|(?<!\p{Lu}Ã)[\u00a0©ª®°²³·¹º€…†‡]|[©ª®°²³·¹º€…†‡](?=\p{L}))|Â[\u00a0-ª¬-º¼-¿]|â€[™œ\u009d“”¦˜š]/u;

/** Beyond this many characters a word is cut. */
const shownLength = 60;

export function isMisread(value: unknown): value is string {
  return typeof value === 'string' && misread.test(value);
}

export function misreading({ name }: Field, value: string): FieldFault {
  const word = wordAt(value, value.search(misread));
  const meant = rereadText(word);
  const was = meant === null ? '' : ` was ${quoted(meant)}`;
  const message = `${name} is UTF-8 that was read as Windows-1252 before: ${quoted(word)}${was}. Export it anew as UTF-8, or say --allow-damaged.`;
  return { code: 'MISREAD_TEXT', message };
}

/** Whole, for of a character that is cut nobody can say what it was. */
function wordAt(text: string, at: number): string {
  const begins = 1 + Math.max(...[' ', '\n', '\t'].map((blank) => text.lastIndexOf(blank, at)));
  const from = at - begins > shownLength / 2 ? at : begins;
  const length = text.slice(from).search(/[ \n\t]/);
  return text.slice(from, from + Math.min(length < 0 ? shownLength : length, shownLength));
}

const windows1252 = new TextDecoder('windows-1252');
let bytes: Map<string, number> | null = null;

/** The text as it was meant; null where it holds what Windows-1252 has not, or is no UTF-8 then. */
function rereadText(text: string): string | null {
  bytes ??= new Map(
    Array.from({ length: 256 }, (_, byte) => [windows1252.decode(Uint8Array.of(byte)), byte]),
  );
  const own: number[] = [];
  for (const character of text) {
    const byte = bytes.get(character);
    if (byte === undefined) return null;
    own.push(byte);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(own));
  } catch {
    return null;
  }
}
