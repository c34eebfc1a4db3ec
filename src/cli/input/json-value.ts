import { NumberText } from '../../base/number-text.ts';
import { JsonFault, unexpected } from './json-fault.ts';
import { setMember } from './set-member.ts';

/** A name that one object has twice: JSON.parse would keep the last value and not tell. */
export interface TwiceNamed {
  name: string;
  first: number;
  second: number;
}

export interface JsonValue {
  value: unknown;
  /** The offset after it. */
  end: number;
  twice: TwiceNamed[];
}

/** Deeper than any contact, and far from the end of the stack. */
const deepest = 200;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const word = /true|false|null/y;
const space = /[ \t\r\n]*/y;
const words: Record<string, unknown> = { true: true, false: false, null: null };
const notPlain = /[\\\p{Cc}]/u;

/**
 * The JSON value (RFC 8259) that begins at `offset`. Unlike JSON.parse it tells the place of every fault and the
 * names given twice, and keeps a number as NumberText where a double would not give its digits back. Throws JsonFault.
 */
export function readJsonValue(text: string, offset: number): JsonValue {
  let at = offset;
  const twice: TwiceNamed[] = [];
  const match = (pattern: RegExp, from: number): number => {
    pattern.lastIndex = from;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  const skipSpace = () => {
    // Most of the time there is none.
    if (text.charCodeAt(at) <= 32) at = match(space, at);
  };

  const readString = (expected: string): string => {
    if (text[at] !== '"') throw unexpected(text, at, expected);
    const start = at;
    const quote = text.indexOf('"', start + 1);
    const plain = quote < 0 ? text.slice(start + 1) : text.slice(start + 1, quote);
    if (quote >= 0 && !notPlain.test(plain)) {
      at = quote + 1;
      return plain;
    }
    at = endOfString(text, start, match);
    return JSON.parse(text.slice(start, at)) as string;
  };

  const readMembers = (depth: number): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    const places = new Map<string, number>();
    readList('}', depth, () => {
      const place = at;
      const name = readString('a field name in double quotes');
      const first = places.get(name);
      if (first === undefined) places.set(name, place);
      else twice.push({ name, first, second: place });
      skipSpace();
      if (text[at] !== ':') throw unexpected(text, at, 'a colon');
      at++;
      skipSpace();
      setMember(object, name, read(depth));
    });
    return object;
  };

  const readList = (close: '}' | ']', depth: number, readOne: () => void): void => {
    if (depth > deepest) throw new JsonFault(at, `values are nested more than ${deepest} deep`);
    at++;
    skipSpace();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      readOne();
      skipSpace();
      const char = text[at];
      if (char !== close && char !== ',') throw unexpected(text, at, `a comma or "${close}"`);
      at++;
      if (char === close) return;
      skipSpace();
    }
  };

  const read = (depth: number): unknown => {
    switch (text[at]) {
      case '{':
        return readMembers(depth + 1);
      case '[': {
        const list: unknown[] = [];
        readList(']', depth + 1, () => list.push(read(depth + 1)));
        return list;
      }
      case '"':
        return readString('a value');
      default: {
        const start = at;
        const numberEnd = match(number, at);
        if (numberEnd > 0) {
          at = numberEnd;
          return numberOf(text.slice(start, at));
        }
        const wordEnd = match(word, at);
        if (wordEnd < 0) throw unexpected(text, at, 'a value');
        at = wordEnd;
        return words[text.slice(start, at)];
      }
    }
  };

  return { value: read(0), end: at, twice };
}

function numberOf(digits: string): number | NumberText {
  const value = Number(digits);
  return String(value) === digits ? value : new NumberText(digits);
}

function endOfString(text: string, start: number, match: (pattern: RegExp, from: number) => number): number {
  for (let at = start + 1; at < text.length; ) {
    const char = text[at]!;
    if (char === '"') return at + 1;
    if (char === '\n' || char === '\r') throw new JsonFault(at, 'a string does not end on its line');
    if (char < ' ') throw new JsonFault(at, 'a string holds a bare control character');
    const next = char === '\\' ? match(escaped, at) : at + 1;
    if (next < 0) throw new JsonFault(at, 'a backslash begins no known escape');
    at = next;
  }
  throw new JsonFault(start, 'a string does not end');
}
