import { randomUUID } from 'node:crypto';
import { Chalk } from 'chalk';

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
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const sequences: string[] = [];
  const mark = (sequence: string) => (sequence === '' ? '' : `<${name}:${sequences.push(sequence) - 1}>`);
  const style = Object.fromEntries(
    styles.map((each) => {
      // What chalk puts around a text is the same around any.
      const [open = '', close = ''] = chalk[each]('|').split('|');
      const [before, after] = [mark(open), mark(close)];
      return [each, (text: string) => `${before}${text}${after}`];
    }),
  ) as unknown as Style;
  const marks = new RegExp(`<${name}:(\\d+)>`, 'g');
  return { style, apply: (text) => text.replace(marks, (_, at) => sequences[Number(at)] ?? '') };
}
