import { Chalk, type ChalkInstance } from 'chalk';
import { readVariable } from '../config/environment.ts';
import type { CliIo } from './cli-io.ts';

export interface Surface {
  style: ChalkInstance;
  /** A person looks at stderr: spinners may move the cursor. */
  interactive: boolean;
  /** Width to cut tables to; null where stdout is no terminal, so that nothing is cut for a script. */
  columns: number | null;
}

/** Colour only where both streams are a terminal's and nobody has said no (https://no-color.org). */
export function describeSurface(
  io: CliIo,
  flags: { color: boolean; quiet: boolean; json: boolean },
): Surface {
  const terminal = io.stderr.isTTY === true && readVariable(io.env, 'TERM') !== 'dumb';
  const colour =
    terminal && io.stdout.isTTY === true && flags.color && readVariable(io.env, 'NO_COLOR') === null;
  return {
    style: new Chalk({ level: colour ? 1 : 0 }),
    // A terminal without a size (`script`, some containers) reports 0 columns, on which a spinner never ends.
    interactive:
      terminal &&
      io.stderr.columns !== 0 &&
      !flags.quiet &&
      !flags.json &&
      readVariable(io.env, 'CI') === null,
    columns: io.stdout.isTTY === true ? io.stdout.columns || 80 : null,
  };
}
