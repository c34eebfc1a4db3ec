/**
 * Text of foreign origin (an org's messages, usernames, contacts, file names) as a terminal or a log may get it.
 * Whoever writes that text must not move the cursor, change what was said before, forge a line of ours, or make
 * text read otherwise than it is stored; so escape sequences, control characters, bidirectional controls and
 * invisible characters are taken out. The exact value is in the JSON output.
 *
 * Sources: ECMA-48 (control functions), UAX #9 (bidirectional controls), UAX #44 (Default_Ignorable_Code_Point).
 */

/** Any number of lines: line feeds and tabs stay. */
export function printable(text: string): string {
  if (!suspicious.test(text)) return text;
  return withoutInvisible(withoutSequences(text).replace(/\r\n|[\r\v\f\u0085\u2028\u2029]/g, '\n'));
}

/** One line: every kind of line break becomes a space. */
export function printableLine(text: string): string {
  if (!suspicious.test(text) && !/[\t\n]/.test(text)) return text;
  return withoutInvisible(withoutSequences(text).replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' '));
}

/** What most texts have none of, so that they pass untouched. */
const suspicious = /[^\P{Cc}\t\n]|[\u2028\u2029\ufff9-\ufffb\p{Default_Ignorable_Code_Point}\p{Cs}]/u;

/** ESC [ … and its 8-bit form CSI; the bound keeps what is no sequence from being searched for its end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
const controlSequence = /(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,16}[@-~]/g;
/** OSC, DCS, SOS, PM, APC: up to their terminator, which no other control character comes before. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
const controlString = /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])\P{Cc}*(?:\x07|\x1b\\|\x9c)/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
const escapeSequence = /\x1b[ -/]{0,16}[0-~]/g;

function withoutSequences(text: string): string {
  return text.replace(controlString, '').replace(controlSequence, '').replace(escapeSequence, '');
}

/** Control characters but the line feed and the tab, which the callers have dealt with. */
const control = /[^\P{Cc}\t\n]|[\ufff9-\ufffb]/gu;
/**
 * Joiners shape Arabic and Indic letters and hold emoji together, variation selectors choose a form of what they
 * follow: behind anything else they only make two texts look alike.
 */
const idleJoiner =
  /(?<=^|[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{N}\p{P}\p{Z}\p{C}])[\u200c\u200d]+/gu;
const idleSelector = /(?<![\p{Emoji}\p{L}\p{S}])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]+/gu;
const invisible = /(?!\u200c|\u200d|[\ufe00-\ufe0f\u{e0100}-\u{e01ef}])\p{Default_Ignorable_Code_Point}/gu;

function withoutInvisible(text: string): string {
  return text
    .toWellFormed()
    .replace(control, '')
    .replace(invisible, '')
    .replace(idleSelector, '')
    .replace(idleJoiner, '');
}
