const literals = /true|false|null/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// A string without its closing quote does not match, so the fault is reported at its start.
const string = /"[^"\\\p{Cc}]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\p{Cc}]*)*"/uy;
const space = /[ \t\r\n]*/y;
/** Deeper nesting than any request has; beyond it the position is where the scan stopped. */
const depthLimit = 500;

/**
 * Where a text stops being JSON, as an offset; its length where it ends too early. V8's own message tells a
 * position for some texts only.
 */
export function jsonFaultPosition(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) return false;
    at += match[0].length;
    return true;
  };
  const skip = () => take(space);
  const takeChar = (char: string): boolean => {
    if (text[at] !== char) return false;
    at++;
    return true;
  };
  const list = (close: string, item: () => boolean): boolean => {
    skip();
    if (takeChar(close)) return true;
    for (;;) {
      skip();
      if (!item()) return false;
      skip();
      if (takeChar(close)) return true;
      if (!takeChar(',')) return false;
    }
  };
  const value = (depth: number): boolean => {
    if (depth > depthLimit) return false;
    skip();
    if (takeChar('[')) return list(']', () => value(depth + 1));
    if (takeChar('{')) return list('}', () => member(depth + 1));
    return take(string) || take(number) || take(literals);
  };
  const member = (depth: number): boolean => {
    if (!take(string)) return false;
    skip();
    return takeChar(':') && value(depth);
  };
  value(0);
  skip();
  return at;
}
