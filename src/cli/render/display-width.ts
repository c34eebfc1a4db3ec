/** Latin letters and marks, each a column wide: what most names consist of. To load Intl takes longer than a table. */
const plain = /^[ -~\u00a1-\u00ac\u00ae-\u024f]*$/;

let segmenter: Intl.Segmenter | null = null;

function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Unicode's East Asian Wide and Fullwidth blocks, as terminals draw them (UAX #11). */
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u;
/** Pictures by themselves, and those that a variation selector makes one (UTS #51). */
const emoji = /^(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u;
/** Unicode takes the halfwidth sound marks for part of the letter before, a terminal gives them a column. */
const soundMarks = /[\uff9e\uff9f]/g;
const zeroWidth = /^[\p{Mark}\p{Cf}]+$/u;

/** Columns that a terminal takes for `text`, which holds no control characters. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` cut to `columns`, the last of them an ellipsis where anything was cut. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (plain.test(text)) return `${text.slice(0, Math.max(0, columns - 1))}…`;
  let width = 0;
  let cut = '';
  for (const { segment } of graphemes(text)) {
    width += graphemeWidth(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

function graphemeWidth(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0;
  const letter = wide.test(grapheme) || emoji.test(grapheme) ? 2 : 1;
  return letter + (grapheme.length > 1 ? (grapheme.slice(1).match(soundMarks)?.length ?? 0) : 0);
}
