import { inputFault } from './input-fault.ts';
import { createLineCount } from './line-count.ts';

/**
 * A record that is longer is one that does not end: Salesforce takes no request of more than some ten million
 * characters.
 */
const longestRecord = 16_000_000;

/** What has been read of a JSON text and not been taken yet; more is read as it is asked for. */
export interface JsonText {
  readonly text: string;
  /** Where the next thing to take begins. */
  readonly at: number;
  /** Line of that place, from 1. */
  readonly line: number;
  /**
   * Reads on, by `atLeast` characters where there are so many; false at the end. `text` only grows by this, so that
   * offsets stay good until `take`.
   */
  more(atLeast?: number): Promise<boolean>;
  /** Goes on behind what ends at `end`. */
  take(end: number): void;
  /** The first offset at or after `from` that is no white space; `text.length` at the end of everything. */
  skipSpace(from: number): Promise<number>;
  /** Takes white space. Only where text is wanting is it a promise: this comes before and behind each record. */
  takeSpace(): Promise<void> | undefined;
  /** The offset after the value that begins at `from`, as far as brackets and quotes tell. */
  endOfValue(from: number): Promise<number>;
  placeOf(offset: number): { line: number; column: number };
  /** An AppError `INVALID_INPUT` at an offset. */
  fault(offset: number, reason: string, index?: number): Error;
}

/** A record of no more characters is not waited for longer than it takes. */
const usualRecord = 256 * 1024;

/** Text that was taken is let go when so much of it has gathered. */
const letGoCharacters = 8 * 1024;

export function createJsonText(texts: AsyncIterable<string>, source: string): JsonText {
  const pieces = texts[Symbol.asyncIterator]();
  const lines = createLineCount();
  let text = '';
  let at = 0;
  const more = async (atLeast = 0): Promise<boolean> => {
    const read: string[] = [];
    for (let length = 0; read.length === 0 || length < atLeast; ) {
      const { value, done } = await pieces.next();
      if (done) break;
      read.push(value);
      length += value.length;
    }
    text += read.join('');
    return read.length > 0;
  };
  const take = (end: number): void => {
    lines.advance(text, at, end);
    at = end;
    if (at < letGoCharacters && at < text.length) return;
    text = text.slice(at);
    at = 0;
  };
  const skipSpace = async (from: number): Promise<number> => {
    for (let next = from; ; next++) {
      while (next >= text.length) if (!(await more())) return text.length;
      if (!isSpace(text.charCodeAt(next))) return next;
    }
  };
  const fault: JsonText['fault'] = (offset, reason, index) =>
    inputFault(
      { source, ...lines.placeOf(text, at, offset), ...(index === undefined ? {} : { index }) },
      reason,
      'Mend the input; contacts are JSON objects, an array of them, or one a line.',
    );
  return {
    get text() {
      return text;
    },
    get at() {
      return at;
    },
    get line() {
      return lines.line;
    },
    more,
    fault,
    placeOf: (offset) => lines.placeOf(text, at, offset),
    take,
    takeSpace() {
      for (let next = at; next < text.length; next++) {
        if (isSpace(text.charCodeAt(next))) continue;
        take(next);
        return;
      }
      return skipSpace(at).then(take);
    },
    skipSpace,
    async endOfValue(from) {
      const scan = createEndScan(from);
      for (;;) {
        const end = scan(text);
        if (end >= 0) return end;
        if (text.length - from > longestRecord) {
          const most = longestRecord.toLocaleString('en-US');
          const list = wrappedList(text, from);
          const why =
            list === null
              ? ''
              : `; if the list in "${list}" is of contacts, take them out with \`jq '.["${list}"][]'\``;
          throw fault(from, `what begins here does not end within ${most} characters${why}`);
        }
        // Whoever looks into a text that has grown copies all of it.
        if (!(await more((text.length - from) / 4 - usualRecord))) return text.length;
      }
    },
  };
}

const beforeList = /^\{\s*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)\s*,\s*)*"([^"\\']{1,80})"\s*:\s*\[\s*\{/;

/** The name of the first list of objects in the object that begins at `from`, plain values before it; null: none. */
function wrappedList(text: string, from: number): string | null {
  return beforeList.exec(text.slice(from, from + 2_000))?.[1] ?? null;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/**
 * Looks for the end of the value that begins at `from` in a text that grows from call to call; -1 where it is not
 * there yet. Stops early at what no JSON has (a line end in a string, a wrong bracket), so that the fault is told
 * where it is and not at the end of the file.
 */
function createEndScan(from: number): (text: string) => number {
  const closers: number[] = [];
  let at = from;
  let inString = false;
  return (text) => {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (inString) {
        if (code === backslash) at++;
        else if (code === quote || code < 32) {
          inString = false;
          if (closers.length === 0 || code !== quote) return at + 1;
        }
        continue;
      }
      switch (code) {
        case quote:
          inString = true;
          break;
        case openBrace:
          closers.push(closeBrace);
          break;
        case openBracket:
          closers.push(closeBracket);
          break;
        case closeBrace:
        case closeBracket:
        case comma:
          if (closers.length === 0) return at;
          if (code === comma) break;
          if (closers.pop() !== code || closers.length === 0) return at + 1;
          break;
        default:
          if (closers.length === 0 && at > from && isSpace(code)) return at;
      }
    }
    return -1;
  };
}

const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;
