import { readVariable } from '../config/environment.ts';
import type { CliIo } from './cli-io.ts';
import { createInk, type Ink, type Style } from './ink.ts';

/** What the command line prints on, which may be a file or a pipe. */
export interface Terminal {
  style: Style;
  /** Turns the marks of `style` into the terminal's colours, at the very end. */
  ink: Ink;
  /** A person looks at stderr: spinners may move the cursor. */
  interactive: boolean;
  /** Width to cut tables to; null where stdout is no terminal, so that nothing is cut for a script. */
  columns: number | null;
}

/** Colour only where both streams are a terminal's and nobody has said no (https://no-color.org). */
export function describeTerminal(
  io: CliIo,
  flags: { color: boolean; quiet: boolean; json: boolean },
): Terminal {
  const isTerminal = io.stderr.isTTY === true && readVariable(io.env, 'TERM') !== 'dumb';
  const colour =
    isTerminal && io.stdout.isTTY === true && flags.color && readVariable(io.env, 'NO_COLOR') === null;
  const ink = createInk({ colour });
  return {
    style: ink.style,
    ink,
    // A terminal without a size (`script`, some containers) reports 0 columns, on which a spinner never ends.
    interactive:
      isTerminal &&
      io.stderr.columns !== 0 &&
      !flags.quiet &&
      !flags.json &&
      readVariable(io.env, 'CI') === null,
    columns: io.stdout.isTTY === true ? io.stdout.columns || 80 : null,
  };
}
