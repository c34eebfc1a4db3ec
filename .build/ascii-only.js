/**
 * A plugin of rolldown: the bundle is of ASCII alone, what else its texts hold is escaped. V8 keeps a file with one character
 * beyond Latin-1 in two bytes a character: 2 MB more for each process
 * (https://nodejs.org/api/v8.html#v8isstringonebyterepresentationcontent).
 */
export const asciiOnly = {
  name: 'ascii-only',
  // At the very end, for rolldown itself writes its texts without escapes.
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      // Of these alone an escape is another text.
      const [raw] = /String\.raw`[^`\x80-\uffff]*[\x80-\uffff][^`]*`/.exec(chunk.code) ?? [];
      if (raw !== undefined) throw new Error(`This text of the bundle cannot be escaped: ${raw}`);
      chunk.code = chunk.code.replace(/[\x80-\uffff]/g, escaped);
    }
  },
};

function escaped(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
