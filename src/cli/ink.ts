import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';

const styles = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;

/** How a text is to stand out; where there is no colour, each gives its text back. */
export type Style = Readonly<Record<(typeof styles)[number], (text: string) => string>>;

export interface Ink {
  style: Style;
  /** Puts the terminal's sequences in the place of the marks that `style` has left. */
  apply(text: string): string;
}

/**
 * Colours as marks that become escape sequences only after every escape sequence has been taken out of the text
 * around them. A mark holds a name that nobody outside of this process can know, so that no foreign text makes one.
 */
export function createInk({ colour }: { colour: boolean }): Ink {
  const name = randomUUID();
  const mark = (code: number) => (colour ? `<${name}:${code}>` : '');
  const style = Object.fromEntries(
    styles.map((each) => {
      const [open, close] = inspect.colors[each] ?? [0, 0];
      return [each, (text: string) => `${mark(open)}${text}${mark(close)}`];
    }),
  ) as unknown as Style;
  const marks = new RegExp(`<${name}:(\\d+)>`, 'g');
  return { style, apply: (text) => (colour ? text.replace(marks, '\x1b[$1m') : text) };
}
