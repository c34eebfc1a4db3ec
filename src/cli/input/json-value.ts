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
/** So many are told of one record, which is refused for the first already. */
const mostTwice = 10;
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
  const reader = new ValueReader(text, offset);
  const value = reader.read(0);
  return { value, end: reader.at, twice: reader.twice };
}

class ValueReader {
  at: number;
  readonly twice: TwiceNamed[] = [];
  readonly #text: string;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  read(depth: number): unknown {
    switch (this.#text[this.at]) {
      case '{':
        return this.#readObject(depth + 1);
      case '[': {
        const list: unknown[] = [];
        this.#eachIn(']', depth + 1, () => list.push(this.read(depth + 1)));
        return list;
      }
      case '"':
        return this.#readString('a value');
      default: {
        const digits = this.#take(number);
        if (digits !== null) return numberOf(digits);
        const name = this.#take(word);
        if (name === null) throw unexpected(this.#text, this.at, 'a value');
        return words[name];
      }
    }
  }

  #readObject(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const start = this.at;
    this.#eachIn('}', depth, () => {
      const second = this.at;
      const name = this.#readName();
      if (Object.hasOwn(object, name) && this.twice.length < mostTwice) {
        this.twice.push({ name, first: this.#firstOf(start, name), second });
      }
      setMember(object, name, this.read(depth));
    });
    return object;
  }

  /** Goes behind the colon. */
  #readName(): string {
    const name = this.#readString('a field name in double quotes');
    this.#skipSpace();
    if (this.#text[this.at] !== ':') throw unexpected(this.#text, this.at, 'a colon');
    this.at++;
    this.#skipSpace();
    return name;
  }

  /** Where the object that begins at `start` has a name first. Read again, as it is asked of few objects. */
  #firstOf(start: number, name: string): number {
    const again = new ValueReader(this.#text, start + 1);
    for (;;) {
      again.#skipSpace();
      const place = again.at;
      if (again.#readName() === name) return place;
      again.read(0);
      again.#skipSpace();
      again.at++;
    }
  }

  #eachIn(close: '}' | ']', depth: number, readOne: () => void): void {
    if (depth > deepest) throw new JsonFault(this.at, `values are nested more than ${deepest} deep`);
    this.at++;
    this.#skipSpace();
    if (this.#text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      readOne();
      this.#skipSpace();
      const char = this.#text[this.at];
      if (char !== close && char !== ',') throw unexpected(this.#text, this.at, `a comma or "${close}"`);
      this.at++;
      if (char === close) return;
      this.#skipSpace();
    }
  }

  #readString(expected: string): string {
    const text = this.#text;
    const start = this.at;
    if (text[start] !== '"') throw unexpected(text, start, expected);
    const quote = text.indexOf('"', start + 1);
    const plain = text.slice(start + 1, quote < 0 ? undefined : quote);
    if (quote >= 0 && !notPlain.test(plain)) {
      this.at = quote + 1;
      return plain;
    }
    this.at = endOfString(text, start);
    return JSON.parse(text.slice(start, this.at)) as string;
  }

  #skipSpace(): void {
    // Most of the time there is none.
    if (this.#text.charCodeAt(this.at) <= 32) this.#take(space);
  }

  /** What the sticky pattern finds here, or null. */
  #take(pattern: RegExp): string | null {
    const start = this.at;
    const end = endOf(pattern, this.#text, start);
    if (end < 0) return null;
    this.at = end;
    return this.#text.slice(start, end);
  }
}

/** The offset after what a sticky pattern finds at `from`, or -1. */
function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

function numberOf(digits: string): number | NumberText {
  const value = Number(digits);
  return String(value) === digits ? value : new NumberText(digits);
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; ) {
    const char = text[at]!;
    if (char === '"') return at + 1;
    if (char === '\n' || char === '\r') throw new JsonFault(at, 'a string does not end on its line');
    if (char < ' ') throw new JsonFault(at, 'a string holds a bare control character');
    const next = char === '\\' ? endOf(escaped, text, at) : at + 1;
    if (next < 0) throw new JsonFault(at, 'a backslash begins no known escape');
    at = next;
  }
  throw new JsonFault(start, 'a string does not end');
}
